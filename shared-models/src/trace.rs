//! The place of a change in a trace, as W3C `traceparent` writes it: it goes from the caller's request
//! with the change to the peer's commit.

use std::fmt;
use std::str::FromStr;

/// The name of the HTTP header, of the message header and of the column.
pub const TRACEPARENT: &str = "traceparent";

/// A span of a trace, to which what follows from it belongs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The id of the trace.
    pub trace_id: [u8; 16],
    /// The id of the span within the trace.
    pub span_id: [u8; 8],
    /// The flags; the last bit says that the trace is recorded.
    pub flags: u8,
}

impl TraceContext {
    /// Returns whether the trace is recorded.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.flags & 1 == 1
    }

    /// Returns the id of the trace in hexadecimal, as logs and collectors show it.
    #[must_use]
    pub fn trace_id_text(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace_id))
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span) = (u128::from_be_bytes(self.trace_id), u64::from_be_bytes(self.span_id));
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", self.flags)
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error of a text that is no `traceparent`. Whoever reads one goes on without it, as the
/// specification asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a W3C traceparent, 00-TRACE-SPAN-FLAGS in lower-case hexadecimal")]
pub struct InvalidTraceContext;

/// Parses a `traceparent`. One of a later version may have more parts at its end.
impl FromStr for TraceContext {
    type Err = InvalidTraceContext;

    fn from_str(text: &str) -> Result<Self, InvalidTraceContext> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(InvalidTraceContext);
        let (version, trace, span, flags) = (next()?, next()?, next()?, next()?);
        let [version] = hexadecimal::<1>(version)?;
        let more = parts.next().is_some();
        let context = Self {
            trace_id: hexadecimal(trace)?,
            span_id: hexadecimal(span)?,
            flags: hexadecimal::<1>(flags)?[0],
        };
        let is_valid = version != 0xff && !(version == 0 && more);
        let is_named = context.trace_id != [0; 16] && context.span_id != [0; 8];
        (is_valid && is_named).then_some(context).ok_or(InvalidTraceContext)
    }
}

fn hexadecimal<const N: usize>(text: &str) -> Result<[u8; N], InvalidTraceContext> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(InvalidTraceContext),
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return Err(InvalidTraceContext);
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_read_and_written_as_it_was() {
        let context = GIVEN.parse::<TraceContext>().unwrap();
        assert_eq!(context.to_string(), GIVEN);
        assert_eq!(context.trace_id_text(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(context.is_sampled());
        let unsampled = GIVEN.replace("-01", "-00").parse::<TraceContext>().unwrap();
        assert!(!unsampled.is_sampled());
    }

    #[test]
    fn one_of_a_later_version_is_read_as_far_as_it_is_known() {
        let later = GIVEN.replacen("00-", "cc-", 1) + "-what-follows";
        assert_eq!(later.parse(), GIVEN.parse::<TraceContext>());
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let wrong = [
            String::new(),
            "00".into(),
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-1"),
            format!("00-{trace}-{span}-01-more"),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", &trace[1..]),
            format!("00-{trace}-{span}é-01"),
        ];
        for text in wrong {
            assert_eq!(text.parse::<TraceContext>(), Err(InvalidTraceContext), "{text}");
        }
    }
}
