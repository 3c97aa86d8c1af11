//! Traces: the spans of this program, sent to a collector where one is configured.
//!
//! The usual variables of OpenTelemetry say where and what: `OTEL_EXPORTER_OTLP_ENDPOINT`,
//! `OTEL_TRACES_SAMPLER` and so on. Without an endpoint no span is made; the trace of a caller is kept
//! with what it changes all the same, and handed on.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _,
    TraceFlags, TraceId, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use shared_models::trace::TraceContext;

use super::collector;
use super::text::cut;

/// The time that the last spans have to be sent when the program stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// The tracer of this process, where a collector is configured.
static TRACING: OnceLock<Tracing> = OnceLock::new();

struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// Starts sending spans, if the environment names a collector. Fails if it is configured in a way that
/// is not supported. To be called within the runtime, which sends them.
pub fn start(program: &'static str) -> Result<(), String> {
    let Some(provider) = collector::provider(program)? else { return Ok(()) };
    let tracer = provider.tracer(program);
    TRACING.get_or_init(|| Tracing { provider, tracer });
    Ok(())
}

/// Sends the spans that were not sent yet. Those of a collector that does not answer in time are lost:
/// the program's end does not wait for it.
pub async fn stop() {
    let Some(Tracing { provider, .. }) = TRACING.get() else { return };
    let provider = provider.clone();
    // The exporter blocks, and what it waits for runs on the runtime's threads.
    let stop = move || provider.shutdown_with_timeout(STOP_TIMEOUT);
    let stopped = tokio::task::spawn_blocking(stop).await;
    if let Ok(Err(error)) = stopped {
        tracing::debug!(%error, "the last spans were not sent");
    }
}

tokio::task_local! {
    /// The trace that the current task's work belongs to.
    static CURRENT: Option<TraceContext>;
}

/// Runs `work` as a part of a trace.
pub async fn within<T>(trace: Option<TraceContext>, work: impl Future<Output = T>) -> T {
    CURRENT.scope(trace, work).await
}

/// Returns the trace that the request in hand belongs to. Only known in the task of the request: what
/// is left to another task has to take it along.
#[must_use]
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(|trace| *trace).ok().flatten()
}

/// The place in a trace of a piece of work. It ends when it is dropped, and is sent to the collector if
/// there is one.
#[derive(Debug)]
pub struct Span {
    recorded: Option<Box<opentelemetry_sdk::trace::Span>>,
    context: Option<TraceContext>,
}

impl Span {
    /// Begins a span for the request of a caller, who may have sent a trace; otherwise a trace begins
    /// here.
    #[must_use]
    pub fn server(name: &'static str, caller: Option<TraceContext>) -> Self {
        Self::begin(SpanKind::Server, name, caller)
    }

    /// Begins a span for publishing a message.
    #[must_use]
    pub fn producer(name: &'static str, cause: Option<TraceContext>) -> Self {
        Self::caused(SpanKind::Producer, name, cause)
    }

    /// Begins a span for what is done about a message.
    #[must_use]
    pub fn consumer(name: &'static str, cause: Option<TraceContext>) -> Self {
        Self::caused(SpanKind::Consumer, name, cause)
    }

    /// Begins a span for a part of the work.
    #[must_use]
    pub fn internal(name: &'static str, cause: Option<TraceContext>) -> Self {
        Self::caused(SpanKind::Internal, name, cause)
    }

    /// Returns the trace context of what follows from this work: without a collector that of its cause.
    #[must_use]
    pub const fn context(&self) -> Option<TraceContext> {
        self.context
    }

    /// Returns whether the span is sent to a collector, so that it is worth to describe it.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// Sets an attribute. A long text is cut.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(span) = &mut self.recorded {
            span.set_attribute(KeyValue::new(key, bounded(value.into())));
        }
    }

    /// Sets the name, where it was not known at the beginning. A long one is cut.
    pub fn rename(&mut self, name: impl FnOnce() -> String) {
        if let Some(span) = &mut self.recorded {
            span.update_name(shortened(name().into()));
        }
    }

    /// Records that the work failed. A long reason is cut.
    pub fn failed(&mut self, reason: impl Into<Cow<'static, str>>) {
        if let Some(span) = &mut self.recorded {
            span.set_status(Status::error(shortened(reason.into())));
        }
    }

    /// Begins a span only where there is a trace: what the programs do by themselves is none.
    fn caused(kind: SpanKind, name: &'static str, cause: Option<TraceContext>) -> Self {
        match cause {
            Some(_) => Self::begin(kind, name, cause),
            None => Self { recorded: None, context: None },
        }
    }

    fn begin(kind: SpanKind, name: &'static str, parent: Option<TraceContext>) -> Self {
        let Some(Tracing { tracer, .. }) = TRACING.get() else {
            return Self { recorded: None, context: parent };
        };
        let within = parent.map_or_else(Context::new, |parent| {
            Context::new().with_remote_span_context(to_span_context(parent))
        });
        let builder = SpanBuilder::from_name(name).with_kind(kind);
        let span = tracer.build_with_context(builder, &within);
        let context = Some(to_trace_context(span.span_context()));
        Self { recorded: span.is_recording().then(|| Box::new(span)), context }
    }
}

/// Returns the value with its text cut: thousands of spans may wait in memory for the collector.
fn bounded(value: Value) -> Value {
    if let Value::String(text) = &value {
        let (text, short) = (text.as_str(), cut(text.as_str()));
        if short.len() < text.len() {
            return Value::from(short.to_owned());
        }
    }
    value
}

/// Returns the text, cut. What is cut off takes no memory any more.
fn shortened(text: Cow<'static, str>) -> Cow<'static, str> {
    let short = cut(&text);
    if short.len() < text.len() { Cow::Owned(short.to_owned()) } else { text }
}

fn to_span_context(trace: TraceContext) -> SpanContext {
    let (id, span) = (TraceId::from_bytes(trace.trace_id), SpanId::from_bytes(trace.span_id));
    SpanContext::new(id, span, TraceFlags::new(trace.flags), true, TraceState::NONE)
}

fn to_trace_context(span: &SpanContext) -> TraceContext {
    TraceContext {
        trace_id: span.trace_id().to_bytes(),
        span_id: span.span_id().to_bytes(),
        flags: span.trace_flags().to_u8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::text::MAX_TEXT;

    fn given() -> TraceContext {
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap()
    }

    #[test]
    fn without_a_collector_a_trace_is_handed_on_as_it_came_and_none_begins() {
        let spans = [
            Span::server("request", Some(given())),
            Span::producer("publish", Some(given())),
            Span::consumer("carry", Some(given())),
            Span::internal("merge", Some(given())),
        ];
        for span in spans {
            assert_eq!((span.context(), span.is_recorded()), (Some(given()), false));
        }
        assert_eq!(Span::server("request", None).context(), None);
    }

    #[test]
    fn a_trace_context_is_the_same_in_both_forms() {
        assert_eq!(to_trace_context(&to_span_context(given())), given());
    }

    #[test]
    fn a_long_text_of_a_span_is_cut() {
        let long = "x".repeat(60_000);
        let short = "x".repeat(MAX_TEXT);
        assert_eq!(bounded(long.clone().into()), Value::from(short.clone()));
        assert_eq!(shortened(long.into()), short);
        assert_eq!(bounded(short.clone().into()), Value::from(short));
        assert_eq!(bounded(Value::from(7)), Value::from(7));
    }

    #[tokio::test]
    async fn the_current_trace_is_that_of_the_request_in_hand() {
        assert_eq!(current(), None);
        assert_eq!(within(Some(given()), async { current() }).await, Some(given()));
        assert_eq!(within(None, async { current() }).await, None);
        assert_eq!(current(), None);
    }
}
