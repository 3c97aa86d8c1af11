//! The form of an order: for placing one, and for editing one at a side.

use maud::{Markup, html};
use shared_models::side::Side;

use super::super::page::form_key;
use super::super::parts::{Tone, message};
use super::super::session::Visitor;
use super::draft::{Draft, DraftLine, FieldProblem, Refusal};

/// The empty lines that a form ends with.
const SPARE_LINES: usize = 2;

/// An order's form.
pub(super) struct Form<'a> {
    pub(super) visitor: &'a Visitor,
    /// The side at which the order is placed or edited.
    pub(super) side: Side,
    /// Where it is posted to.
    pub(super) action: &'a str,
    /// The hidden fields.
    pub(super) hidden: Vec<(&'static str, String)>,
    pub(super) draft: Draft,
    /// What the order is now, if somebody else was faster.
    pub(super) now: Option<Draft>,
    pub(super) refusal: Refusal,
    /// The word on the button.
    pub(super) button: &'a str,
    /// Where to go instead.
    pub(super) back: &'a str,
}

/// A field of a form.
pub(super) struct Field<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) hint: &'a str,
    pub(super) value: &'a str,
    /// The value that stands there now, if somebody else has changed it.
    pub(super) now: Option<&'a str>,
    pub(super) problem: Option<&'a FieldProblem>,
    pub(super) kind: FieldKind,
}

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Line,
    Number,
    Date,
    Area,
}

impl Field<'_> {
    /// Returns the field with its label, its hint and what is wrong with it.
    pub(super) fn html(&self) -> Markup {
        let Self { id, name, label, hint, value, now, problem, kind } = self;
        let (note, wrong) = (format!("{id}-hint"), format!("{id}-problem"));
        let notes = [(!hint.is_empty()).then_some(&*note), problem.map(|_| &*wrong)];
        let notes = notes.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let (notes, invalid) = (Some(notes).filter(|it| !it.is_empty()), problem.map(|_| "true"));
        html! {
            div.field.wide[*kind == FieldKind::Area] {
                label for=(id) { (label) }
                @match kind {
                    FieldKind::Area => textarea id=(id) name=(name) rows="3" aria-describedby=[notes] aria-invalid=[invalid] { (value) },
                    FieldKind::Line => input id=(id) name=(name) value=(value) autocomplete="off" aria-describedby=[notes] aria-invalid=[invalid];,
                    FieldKind::Number => input id=(id) name=(name) value=(value) inputmode="numeric" autocomplete="off" aria-describedby=[notes] aria-invalid=[invalid];,
                    FieldKind::Date => input id=(id) name=(name) value=(value) type="date" aria-describedby=[notes] aria-invalid=[invalid];,
                }
                @if !hint.is_empty() { p.hint id=(note) { (hint) } }
                @if let Some(now) = now { p.now { "Now there: " @if now.is_empty() { "nothing" } @else { (now) } } }
                @if let Some(problem) = problem { (problem_of(&wrong, problem)) }
            }
        }
    }
}

/// What a side says about a field.
fn problem_of(id: &str, problem: &FieldProblem) -> Markup {
    html! {
        p.problem id=(id) {
            (problem.problem)
            @if let Some(expected) = &problem.expected { "; expected " (expected) }
        }
    }
}

impl Form<'_> {
    /// Returns the form.
    pub(super) fn html(&self) -> Markup {
        let Self { visitor, side, action, hidden, refusal, button, back, .. } = self;
        let known = self.known_fields();
        html! {
            @for problem in refusal.elsewhere(&known) {
                (message(Tone::Bad, &html! { (problem.field) ": " (problem.problem) @if let Some(expected) = &problem.expected { "; expected " (expected) } }))
            }
            form.fields method="post" action=(action) novalidate {
                (form_key(visitor))
                @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
                (self.field("company", "Company", "", |it| &it.company, FieldKind::Line))
                (self.field("deliver_by", "Deliver by", "The latest date; may be empty", |it| &it.deliver_by, FieldKind::Date))
                (self.field("address", "Address", "", |it| &it.address, FieldKind::Area))
                (self.field("comment", "Comment", "For people at both sides; may be empty", |it| &it.comment, FieldKind::Area))
                @match side {
                    Side::Store => (self.field("currency", "Currency", "Three letters, such as EUR; stays at the store", |it| &it.currency, FieldKind::Line)),
                    Side::Warehouse => {
                        (self.field("bin", "Bin", "Stays at the warehouse", |it| &it.bin, FieldKind::Line))
                        (self.field("picker_note", "Pickers' note", "Stays at the warehouse", |it| &it.picker_note, FieldKind::Area))
                    }
                }
                (self.lines())
                div.buttons {
                    button.main { (button) }
                    a.button.quiet href=(back) { "Cancel" }
                }
            }
        }
    }

    fn field(
        &self,
        name: &str,
        label: &str,
        hint: &str,
        of: impl Fn(&Draft) -> &String,
        kind: FieldKind,
    ) -> Markup {
        let (value, now) =
            (of(&self.draft).as_str(), self.now.as_ref().map(|now| of(now).as_str()));
        let now = now.filter(|now| *now != value);
        let problem = self.refusal.with(name);
        Field { id: name, name, label, hint, value, now, problem, kind }.html()
    }

    fn lines(&self) -> Markup {
        let spare = std::iter::repeat_n(DraftLine::default(), SPARE_LINES);
        let lines = self.draft.lines.iter().cloned().chain(spare);
        let has_prices = self.side == Side::Store;
        let now = self.now.as_ref().filter(|now| now.lines != self.draft.lines);
        html! {
            fieldset.lines.wide {
                legend { "Lines" }
                p.hint {
                    "Lines that are left empty are left out."
                    @if has_prices { " A price is in minor units: 1999 is 19.99 of a currency with cents." }
                }
                @if let Some(problem) = self.refusal.with("lines") { (problem_of("lines-problem", problem)) }
                @if let Some(now) = now {
                    p.now { "Now there: " @for line in &now.lines { span { (line.quantity) " × " (line.sku) " " } } }
                }
                div data-lines="" {
                    @for (index, line) in lines.enumerate() { (self.line(index, &line, has_prices)) }
                }
                button.quiet type="button" data-add-line="" hidden { "Add a line" }
            }
        }
    }

    fn line(&self, index: usize, line: &DraftLine, has_prices: bool) -> Markup {
        let field = |name: &str, label: &str, value: &str, kind| {
            let id = format!("line-{index}-{name}");
            let problem = self.refusal.with(&format!("lines[{index}].{name}"));
            let label = format!("{label} {}", index + 1);
            Field { id: &id, name, label: &label, hint: "", value, now: None, problem, kind }.html()
        };
        html! {
            div.line {
                (field("sku", "Sku", &line.sku, FieldKind::Line))
                (field("quantity", "Quantity", &line.quantity, FieldKind::Number))
                @if has_prices { (field("unit_price", "Unit price", &line.unit_price, FieldKind::Number)) }
            }
        }
    }

    /// Returns the names of the fields at which a problem can be shown.
    fn known_fields(&self) -> Vec<String> {
        let mut known =
            ["company", "deliver_by", "address", "comment", "lines"].map(str::to_owned).to_vec();
        let own: &[&str] = match self.side {
            Side::Store => &["currency"],
            Side::Warehouse => &["bin", "picker_note"],
        };
        known.extend(own.iter().map(|name| (*name).to_owned()));
        for index in 0..self.draft.lines.len() + SPARE_LINES {
            known
                .extend(["sku", "quantity", "unit_price"].map(|it| format!("lines[{index}].{it}")));
        }
        known
    }
}
