//! The remote's answers, as json-server gives them; or JSONPlaceholder, which stores nothing.

use serde_json::{Value, json};

use super::query::select;
use super::records::{Change, Created, Kind, Record, Records};
use crate::http::{Answer, Request};

/// The behaviour of the remote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Behaviour {
    /// Answers as JSONPlaceholder does, which stores nothing.
    pub(super) faking: bool,
    pub(super) reuses_ids: bool,
    /// Heeds the header `Idempotency-Key` of a create.
    pub(super) idempotency: bool,
}

/// The target of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    List(Kind),
    One(Kind, u64),
    CommentsOf(u64),
    Nothing,
}

impl Target {
    fn of(request: &Request) -> Self {
        let kind = |name| Kind::of(name);
        let target = match request.segments().as_slice() {
            [name] => kind(name).map(Self::List),
            [name, id] => kind(name).zip(id.parse().ok()).map(|(kind, id)| Self::One(kind, id)),
            ["posts", id, "comments"] => id.parse().ok().map(Self::CommentsOf),
            _ => None,
        };
        target.unwrap_or(Self::Nothing)
    }
}

/// Answers a request, and returns the changes that were made by it.
pub(super) fn answer(
    records: &mut Records,
    behaviour: Behaviour,
    request: &Request,
) -> (Answer, Vec<Change>) {
    let fields = match request.object() {
        Ok(fields) => fields,
        Err(problem) => return (Answer::refusal(400, problem), Vec::new()),
    };
    match (request.method.as_str(), Target::of(request)) {
        ("GET", Target::List(kind)) => {
            reading(list(&records.all(kind).collect::<Vec<_>>(), request))
        }
        ("GET", Target::CommentsOf(post)) => {
            let post = [("postId".to_owned(), post.to_string())];
            let all: Vec<_> = records.all(Kind::Comments).collect();
            reading(list(&select(&all, &post).records, request))
        }
        ("GET", Target::One(kind, id)) => reading(match records.get(kind, id) {
            Some(record) => Answer::json(200, record),
            None => Answer::not_found(),
        }),
        ("POST", Target::List(kind)) => create(records, behaviour, request, kind, fields),
        ("PUT", Target::One(kind, id)) => {
            let known = records.get(kind, id).is_some();
            write(records, behaviour, (kind, id), known.then_some(fields), || {
                put_unknown(behaviour)
            })
        }
        ("PATCH", Target::One(kind, id)) => {
            let merged = records.get(kind, id).cloned().map(|mut record| {
                record.extend(fields.clone());
                record
            });
            write(records, behaviour, (kind, id), merged, || match behaviour.faking {
                true => Answer::json(200, &fields),
                false => Answer::not_found(),
            })
        }
        ("DELETE", Target::One(kind, id)) => delete(records, behaviour, kind, id),
        _ => reading(Answer::not_found()),
    }
}

fn reading(answer: Answer) -> (Answer, Vec<Change>) {
    (answer, Vec::new())
}

fn list(records: &[&Record], request: &Request) -> Answer {
    let fields = request.fields();
    let selection = select(records, &fields);
    let mut answer = Answer::json(200, &selection.records);
    if let Some(total) = selection.total {
        answer = answer.with("x-total-count", total.to_string());
    }
    if let Some(pages) = selection.pages {
        let mut others = form_urlencoded::Serializer::new(String::new());
        others.extend_pairs(fields.iter().filter(|(name, _)| name != "_page" && name != "_limit"));
        let others = Some(others.finish()).filter(|others| !others.is_empty());
        let others = others.map(|others| format!("?{others}")).unwrap_or_default();
        answer = answer.with("link", pages.link(&format!("{}{others}", url(request))));
    }
    answer
}

/// Returns the URL that a request was sent to, without the query.
fn url(request: &Request) -> String {
    format!("http://{}{}", request.host, request.path)
}

fn create(
    records: &mut Records,
    behaviour: Behaviour,
    request: &Request,
    kind: Kind,
    fields: Record,
) -> (Answer, Vec<Change>) {
    let key = request.idempotency_key.as_ref().filter(|_| behaviour.idempotency);
    if let Some(created) = key.and_then(|key| records.created_by(key)) {
        return reading(again(records, request, kind, created));
    }
    let id = match fields.get("id").filter(|_| !behaviour.faking).and_then(Value::as_u64) {
        Some(id) if records.get(kind, id).is_some() => {
            return reading(Answer::refusal(500, "Insert failed, duplicate id"));
        }
        Some(id) => id,
        None if behaviour.reuses_ids => records.lowest_free(kind),
        None => records.next(kind),
    };
    if behaviour.faking {
        let mut record = fields;
        record.insert("id".to_owned(), id.into());
        return reading(created(request, id, &record));
    }
    let mut changes = records.store(kind, id, fields);
    if let Some(key) = key {
        let created = Created { digest: request.digest(), kind, id };
        changes.extend(records.keep_key(key, created));
    }
    let stored = records.get(kind, id).cloned().unwrap_or_default();
    (created(request, id, &stored).applied(), changes)
}

fn created(request: &Request, id: u64, record: &Record) -> Answer {
    Answer::json(201, record).with("location", format!("{}/{id}", url(request)))
}

/// Answers a create whose key was seen before: as the first time, with the record as it is now.
fn again(records: &Records, request: &Request, kind: Kind, first: &Created) -> Answer {
    if (first.kind, &first.digest) != (kind, &request.digest()) {
        return Answer::refusal(422, "this Idempotency-Key was sent with another request");
    }
    match records.get(kind, first.id) {
        Some(record) => created(request, first.id, record),
        None => {
            created(request, first.id, &Record::from_iter([("id".to_owned(), first.id.into())]))
        }
    }
}

/// Writes the new contents of a record, or answers what `unknown` says if there are none.
fn write(
    records: &mut Records,
    behaviour: Behaviour,
    (kind, id): (Kind, u64),
    record: Option<Record>,
    unknown: impl FnOnce() -> Answer,
) -> (Answer, Vec<Change>) {
    let Some(mut record) = record else { return reading(unknown()) };
    record.insert("id".to_owned(), id.into());
    let answer = Answer::json(200, &record);
    match behaviour.faking {
        true => reading(answer),
        false => (answer.applied(), records.store(kind, id, record)),
    }
}

fn put_unknown(behaviour: Behaviour) -> Answer {
    match behaviour.faking {
        // Its answer is a stack trace.
        true => Answer {
            status: 500,
            body: "TypeError: Cannot read properties of undefined (reading 'id')\n".into(),
            ..Answer::default()
        },
        false => Answer::not_found(),
    }
}

fn delete(
    records: &mut Records,
    behaviour: Behaviour,
    kind: Kind,
    id: u64,
) -> (Answer, Vec<Change>) {
    let gone = Answer::json(200, &json!({}));
    if behaviour.faking {
        return reading(gone);
    }
    let changes = records.remove(kind, id);
    match changes.is_empty() {
        true => reading(Answer::not_found()),
        false => (gone.applied(), changes),
    }
}

#[cfg(test)]
mod tests;
