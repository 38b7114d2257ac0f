//! Lines on a terminal that replace each other, with the few control sequences that every terminal knows (ECMA-48).

use std::io;

/// Beginning of the line so many lines further up.
const UP: fn(usize) -> String = |lines| format!("\x1b[{lines}F");
/// From here to the end of the line, and of the screen.
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
/// Lines longer than the terminal is wide are cut, not wrapped: a wrapped one would be two to go up over (DECAWM).
const CUT: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";
/// Where the system does not tell.
const SIZE: (usize, usize) = (80, 24);

/// What stands on the screen and will be replaced.
#[derive(Debug, Default)]
pub(super) struct Screen {
    lines: usize,
}

impl Screen {
    /// Replaces what stands there.
    pub(super) fn draw(&mut self, lines: &[String]) -> String {
        let mut text = self.up() + CUT;
        for line in lines {
            // Before the text: behind a full line the cursor stands on its last character.
            text.push_str(CLEAR_LINE);
            text.push_str(line);
            text.push('\n');
        }
        // A view that has become shorter.
        text.push_str(CLEAR_BELOW);
        text.push_str(WRAP);
        self.lines = lines.len();
        text
    }

    /// Takes it away.
    pub(super) fn clear(&mut self) -> String {
        let text = self.up() + CLEAR_BELOW;
        self.lines = 0;
        text
    }

    /// Lets it stand.
    pub(super) fn leave(&mut self) {
        self.lines = 0;
    }

    fn up(&self) -> String {
        match self.lines {
            0 => String::new(),
            lines => UP(lines),
        }
    }
}

/// Columns and rows.
pub(super) fn size(of_stderr: bool) -> (usize, usize) {
    let size = if of_stderr {
        rustix::termios::tcgetwinsize(io::stderr())
    } else {
        rustix::termios::tcgetwinsize(io::stdout())
    };
    match size {
        // The last column is left alone: with wrapping off, some terminals lose what is written there.
        Ok(size) if size.ws_col > 1 && size.ws_row > 0 => {
            (usize::from(size.ws_col) - 1, size.ws_row.into())
        }
        Ok(_) | Err(_) => SIZE,
    }
}

/// Whether colors are welcome (no-color.org).
pub(super) fn colors() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
