//! The figures, as a table that can go into a page.

use std::fmt;

use crate::peers::Bench;

/// What a figure has to be.
#[derive(Clone, Copy)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

/// How a row's figures are told.
#[derive(Clone, Copy)]
pub(crate) enum Told {
    /// As ratios to nginx, whose own figure is told in this unit.
    Ratio(&'static str),
    /// As they are, in this unit.
    Plain(&'static str),
}

/// One line: for each peer, in the order of the table's columns, a figure of each round.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) told: Told,
    pub(crate) figures: Vec<Vec<f64>>,
    pub(crate) bar: Option<Bar>,
}

pub(crate) struct Table {
    columns: Vec<String>,
    about: String,
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Table {
    pub(crate) fn of(bench: &Bench) -> Table {
        Table {
            columns: bench.peers.iter().map(|peer| peer.name.clone()).collect(),
            about: bench.about(),
            rows: vec![],
            notes: bench.missing.clone(),
        }
    }

    /// Also said at once, so that a run that is cut short is not lost.
    pub(crate) fn row(&mut self, row: Row) {
        eprintln!("  {}", self.line(&row));
        self.rows.push(row);
    }

    /// Something that could not be measured, and why.
    pub(crate) fn note(&mut self, note: String) {
        eprintln!("  {note}");
        self.notes.push(note);
    }

    fn line(&self, row: &Row) -> String {
        let mut line = format!("| {} |", row.what);
        let of_nginx = self.columns.iter().position(|name| name == "nginx").and_then(|at| row.figures.get(at));
        for figures in &row.figures {
            line += &match (row.told, of_nginx) {
                _ if figures.is_empty() => " – |".to_owned(),
                (Told::Ratio(unit), Some(nginx)) if std::ptr::eq(nginx, figures) => {
                    format!(" 1 ({} {unit}) |", figure(median(figures)))
                }
                (Told::Ratio(_), Some(nginx)) if !nginx.is_empty() => {
                    let ratios = ratios(figures, nginx);
                    let [low, middle, high] = [0.25, 0.5, 0.75].map(|at| part(&ratios, at));
                    format!(" {middle:.2} ({low:.2}–{high:.2}) |")
                }
                (Told::Ratio(unit) | Told::Plain(unit), _) => format!(" {} {unit} |", figure(median(figures))),
            };
        }
        line + &verdict(row, of_nginx.map(Vec::as_slice), self.ours(row))
    }

    fn ours<'r>(&self, row: &'r Row) -> &'r [f64] {
        self.columns.iter().position(|name| name == "proxy-sidecar").map_or(&[], |at| &row.figures[at])
    }
}

/// The bar, and whether it is held.
fn verdict(row: &Row, nginx: Option<&[f64]>, ours: &[f64]) -> String {
    let Some(bar) = row.bar else { return " – |".to_owned() };
    let figure = match (row.told, nginx) {
        (Told::Plain(_), _) => Some(median(ours)),
        (Told::Ratio(_), Some(nginx)) if !nginx.is_empty() => Some(median(&ratios(ours, nginx))),
        (Told::Ratio(_), _) => None,
    };
    let (sign, bar, holds) = match bar {
        Bar::AtMost(bar) => ("≤", bar, figure.map(|figure| figure <= bar)),
        Bar::AtLeast(bar) => ("≥", bar, figure.map(|figure| figure >= bar)),
    };
    let verdict = match holds {
        Some(true) if !ours.is_empty() => ": holds",
        Some(false) if !ours.is_empty() => ": **missed**",
        _ => "",
    };
    format!(" {sign} {bar}{verdict} |")
}

/// Of each round the ratio: what else the machine does in a round is the same for both.
fn ratios(figures: &[f64], nginx: &[f64]) -> Vec<f64> {
    figures.iter().zip(nginx).map(|(figure, nginx)| figure / nginx).collect()
}

/// With about three digits that count.
fn figure(figure: f64) -> String {
    match figure.abs() {
        small if small < 10.0 => format!("{figure:.2}"),
        middle if middle < 100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

/// The figure at this part of the way from the least to the greatest of what is sorted or not.
pub(crate) fn part(figures: &[f64], part: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a list"
    )]
    let index = (last as f64 * part).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

pub(crate) fn median(figures: &[f64]) -> f64 {
    part(figures, 0.5)
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.about)?;
        writeln!(f, "| | {} | bar |", self.columns.join(" | "))?;
        writeln!(f, "|{}", " --- |".repeat(self.columns.len() + 2))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{}", self.line(row)))?;
        self.notes.iter().try_for_each(|note| write!(f, "\n- {note}"))
    }
}
