//! A campaign as a table that fits a terminal.

use fleetfold_schemas::status::{CampaignStatus, PhaseState, PhaseStatus, Tally};

use super::{evidence, standstill};

/// Narrower ones wrap or are cut; wider bars would say no more.
const BAR: std::ops::RangeInclusive<usize> = 8..=40;
/// A longer name of a phase is cut.
const NAME_MAX: usize = 16;
/// Rows besides phases: title, two of heads, total, reason, withdrawn, evidence, errors, and the line of the cursor.
const OTHER_ROWS: usize = 9;

const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
const BOLD: &str = "1";
const DIM: &str = "2";

struct Style {
    name: usize,
    bar: usize,
    colors: bool,
}

/// Lines of at most `width` characters, at most `height` of them.
pub(super) fn render(
    status: &CampaignStatus,
    width: usize,
    height: usize,
    colors: bool,
) -> Vec<String> {
    let names = status.phases.iter().map(|phase| phase.name.as_str().len());
    let name = names.max().unwrap_or(0).clamp("phase".len(), NAME_MAX);
    // Mark, name, percentage and the counts, each with a space between.
    let fixed = 2 + name + 9 + COLUMNS.iter().map(|column| column.width + 1).sum::<usize>();
    let style = Style {
        name,
        bar: width.saturating_sub(fixed).clamp(*BAR.start(), *BAR.end()),
        colors,
    };
    let mut lines = vec![style.paint(&cut(&title(status), width), BOLD)];
    lines.extend(
        style
            .heads()
            .map(|head| style.paint(&cut(&head, width), DIM)),
    );
    let other_rows = OTHER_ROWS + status.approvals.len();
    let shown = shown(&status.phases, height.saturating_sub(other_rows));
    lines.extend(shown.iter().map(|phase| style.phase(phase)));
    lines.push(style.row(' ', "total", "", status.devices, &status.totals));
    if let Some((label, text)) = standstill(status) {
        let color = if status.cause.is_some() { RED } else { YELLOW };
        let text = cut(&format!("{label}: {text}"), width);
        lines.push(style.paint(&text, color));
    }
    lines.extend(status.approvals.iter().map(|asked| {
        let text = cut(&format!("waits for approval: {}", asked.text), width);
        style.paint(&text, YELLOW)
    }));
    if status.totals.removed > 0 {
        lines.push(format!(
            "withdrawn before they began: {}",
            status.totals.removed
        ));
    }
    lines.extend(evidence(status).map(|text| cut(&text, width)));
    if !status.errors.is_empty() {
        let mut errors: Vec<_> = status.errors.iter().collect();
        errors.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let errors = errors.iter().map(|(kind, count)| format!("{kind} {count}"));
        let errors: Vec<_> = errors.collect();
        lines.push(cut(&format!("errors: {}", errors.join(", ")), width));
    }
    lines
}

fn title(status: &CampaignStatus) -> String {
    let mut title = format!(
        "{}  {}  {}",
        status.campaign,
        releases(status),
        status.status.as_str()
    );
    if let Some(phase) = &status.phase {
        title.push_str(&format!(", phase {phase}"));
    }
    title
}

/// `sensor_v2 2.0.0`, and how many there are besides.
pub fn releases(status: &CampaignStatus) -> String {
    let releases = &status.spec.releases;
    let first = releases
        .first()
        .map(|release| format!("{} {}", release.model, release.version));
    match releases.len() {
        0 | 1 => first.unwrap_or_default(),
        count => format!("{} and {} more", first.unwrap_or_default(), count - 1),
    }
}

/// As many phases as there is room for, around the current one.
fn shown(phases: &[PhaseStatus], rows: usize) -> &[PhaseStatus] {
    let rows = rows.clamp(1, phases.len().max(1));
    let current = phases
        .iter()
        .position(|phase| phase.state != PhaseState::Passed)
        .unwrap_or(phases.len());
    let from = current
        .saturating_sub(rows / 2)
        .min(phases.len().saturating_sub(rows));
    &phases[from..phases.len().min(from + rows)]
}

struct Column {
    heads: [&'static str; 2],
    width: usize,
    count: fn(u64, &Tally) -> u64,
}

const COLUMNS: [Column; 6] = [
    Column {
        heads: ["", "devices"],
        width: 8,
        count: |devices, _| devices,
    },
    Column {
        heads: ["", "updated"],
        width: 8,
        count: |_, tally| tally.updated,
    },
    Column {
        heads: ["", "failed"],
        width: 7,
        count: |_, tally| tally.failed,
    },
    Column {
        heads: ["rolled", "back"],
        width: 7,
        count: |_, tally| tally.rolled_back,
    },
    Column {
        heads: ["in", "progress"],
        width: 8,
        count: |_, tally| tally.in_progress,
    },
    Column {
        heads: ["not", "contacted"],
        width: 9,
        count: |_, tally| tally.not_contacted,
    },
];

impl Style {
    fn heads(&self) -> [String; 2] {
        let head = |name: &str, line: usize| {
            let mut text = format!("  {name:<0$}         {1:<2$}", self.name, "", self.bar);
            for column in &COLUMNS {
                text.push_str(&format!(" {:>1$}", column.heads[line], column.width));
            }
            text
        };
        [head("", 0), head("phase", 1)]
    }

    fn phase(&self, phase: &PhaseStatus) -> String {
        let mark = match phase.state {
            PhaseState::Pending => ' ',
            PhaseState::Running => '>',
            PhaseState::Soaking => '~',
            PhaseState::Passed => '+',
        };
        let percentage = phase.percentage.to_string();
        self.row(
            mark,
            phase.name.as_str(),
            &percentage,
            phase.devices,
            &phase.tally,
        )
    }

    fn row(&self, mark: char, name: &str, percentage: &str, devices: u64, tally: &Tally) -> String {
        let name = cut(name, self.name);
        let bar = self.bar(devices, tally);
        let mut text = format!("{mark} {name:<0$} {percentage:>7} {bar}", self.name);
        for column in &COLUMNS {
            let count = (column.count)(devices, tally);
            text.push_str(&format!(" {count:>0$}", column.width));
        }
        text
    }

    /// Updated, failed, in progress, and the rest. What there is at all gets a cell at least.
    fn bar(&self, devices: u64, tally: &Tally) -> String {
        let parts = [
            (tally.failed, '×', RED),
            (tally.in_progress, '▒', YELLOW),
            (tally.updated, '█', GREEN),
        ];
        let mut left = self.bar;
        let mut cells = [0; 3];
        for (cells, (count, ..)) in cells.iter_mut().zip(parts) {
            let share = count as u128 * self.bar as u128 / u128::from(devices.max(1));
            let share = usize::try_from(share).unwrap_or(self.bar);
            *cells = share.max(usize::from(count > 0)).min(left);
            left -= *cells;
        }
        let mut bar = String::new();
        // Updated first, though the others were given their cells before it.
        for at in [2, 0, 1] {
            let (_, glyph, color) = parts[at];
            let text: String = std::iter::repeat_n(glyph, cells[at]).collect();
            bar.push_str(&self.paint(&text, color));
        }
        let rest: String = std::iter::repeat_n('·', left).collect();
        bar + &self.paint(&rest, DIM)
    }

    fn paint(&self, text: &str, color: &str) -> String {
        if self.colors && !text.is_empty() {
            format!("\x1b[{color}m{text}\x1b[m")
        } else {
            text.to_owned()
        }
    }
}

/// At most so many characters, with a sign that some are missing. What comes from outside may hold control characters.
fn cut(text: &str, width: usize) -> String {
    let text = fleetfold_schemas::id::printable(text, usize::MAX);
    if text.chars().count() <= width {
        return text;
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(bar: usize) -> Style {
        Style {
            name: 5,
            bar,
            colors: false,
        }
    }

    fn tally(updated: u64, failed: u64, in_progress: u64) -> Tally {
        Tally {
            updated,
            failed,
            in_progress,
            ..Tally::default()
        }
    }

    #[test]
    fn a_bar_has_its_width_and_shows_everything_there_is() {
        for (devices, tally, bar) in [
            (0, tally(0, 0, 0), "··········"),
            (10, tally(10, 0, 0), "██████████"),
            (10, tally(4, 2, 1), "████××▒···"),
            (1000, tally(1, 1, 1), "█×▒·······"),
            (1000, tally(999, 1, 0), "█████████×"),
            // More than there should be, as while devices are being counted.
            (1, tally(3, 3, 3), "××××××××××"),
            (u64::MAX, tally(u64::MAX, 0, 0), "██████████"),
        ] {
            assert_eq!(style(10).bar(devices, &tally), bar, "{devices} {tally:?}");
        }
    }

    #[test]
    fn a_row_is_as_wide_as_its_head_whatever_the_counts() {
        let [_, head] = style(10).heads();
        for devices in [0, 1_000_000] {
            let row = style(10).row('>', "a long name", "100 %", devices, &tally(devices, 0, 0));
            assert_eq!(row.chars().count(), head.chars().count(), "{row}");
        }
    }

    #[test]
    fn text_from_outside_is_cut_and_cannot_steer_the_terminal() {
        assert_eq!(cut("12345", 5), "12345");
        assert_eq!(cut("123456", 5), "1234…");
        assert_eq!(cut("a\x1b[2Jb", 9), "a [2Jb");
    }
}
