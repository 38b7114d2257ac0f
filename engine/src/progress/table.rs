//! A campaign as a table that fits a terminal.

use fleetfold_schemas::status::{CampaignStatus, PhaseState, PhaseStatus, Tally};

use super::{evidence, standstill};

/// Narrower ones wrap or are cut; wider bars would say no more.
const BAR: std::ops::RangeInclusive<usize> = 8..=40;
/// A longer name of a phase is cut.
const NAME_MAX: usize = 16;
/// Rows besides phases: title, two of heads, total, reason, evidence, errors, and the line of the cursor.
const OTHER_ROWS: usize = 8;

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
    let shown = shown(&status.phases, height.saturating_sub(OTHER_ROWS));
    lines.extend(shown.iter().map(|phase| style.phase(phase)));
    lines.push(style.row(' ', "total", "", status.devices, &status.totals));
    if let Some((label, text)) = standstill(status) {
        let color = if status.cause.is_some() { RED } else { YELLOW };
        let text = cut(&format!("{label}: {text}"), width);
        lines.push(style.paint(&text, color));
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
    let release = &status.spec.release;
    let mut title = format!(
        "{}  {} {}  {}",
        status.campaign,
        release.model,
        release.version,
        status.status.as_str()
    );
    if let Some(phase) = &status.phase {
        title.push_str(&format!(", phase {phase}"));
    }
    title
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
