//! What is counted, for Prometheus. Labels are the channel, the operation and the outcome: no text of a
//! caller's own choosing, so that nobody can fill the server's memory or hide a name in them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{OperationDefinition, Selection, TypeKind, TypeSystemDefinition};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::bodies::Bodies;
use super::connections::Connections;
use super::documents::Documents;
use super::in_flight::InFlight;
use super::log::LogCounts;
use crate::engine::{Engine, Priority};
use crate::graphql::base::answer::AnswersUnderWay;

/// The media type of what [`Metrics::encode`] writes.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the classes of duration, in seconds.
const DURATION_CLASSES_S: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: Arc<str>,
    channel: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: Arc<str>,
}

/// The counts of one server.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram>,
    root_fields: HashMap<String, Arc<str>>,
    unknown: Arc<str>,
    several: Arc<str>,
}

impl Metrics {
    pub(super) fn new(engine: Arc<Engine>, door: DoorLoad) -> Self {
        let mut registry = Registry::with_prefix("granary");
        let requests = Family::default();
        let durations: Family<OperationLabels, Histogram> =
            Family::new_with_constructor(|| Histogram::new(DURATION_CLASSES_S));
        registry.register("requests", "Requests answered", requests.clone());
        let help = "Time from the head of a request to its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, durations.clone());
        registry.register_collector(Box::new(EngineLoad(engine)));
        registry.register_collector(Box::new(door));
        let (unknown, several) = ("unknown".into(), "several".into());
        Self { registry, requests, durations, root_fields: root_fields(), unknown, several }
    }

    /// Counts an answer. `outcome` is `ok` or the code of the first error.
    pub(super) fn count(&self, operation: Arc<str>, channel: String, outcome: &'static str, duration_s: f64) {
        self.durations.get_or_create(&OperationLabels { operation: operation.clone() }).observe(duration_s);
        let labels = RequestLabels { operation, channel, outcome };
        self.requests.get_or_create(&labels).inc();
    }

    /// Everything counted, as text.
    pub(super) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// What a request is counted as: a trusted document's operation by its name, any other by the one
    /// field at its top, as the schema names it.
    pub(super) fn label(
        &self,
        (name, operation): (Option<&str>, &OperationDefinition),
        is_trusted: bool,
    ) -> Arc<str> {
        if let (true, Some(name)) = (is_trusted, name) {
            return name.into();
        }
        let mut selections = operation.selection_set.node.items.iter();
        match (selections.next().map(|selection| &selection.node), selections.next()) {
            (Some(Selection::Field(field)), None) => {
                let known = self.root_fields.get(field.node.name.node.as_str());
                known.unwrap_or(&self.unknown).clone()
            }
            _ => self.several.clone(),
        }
    }

    /// What a request is counted as of which nothing is known.
    pub(super) fn unknown(&self) -> Arc<str> {
        self.unknown.clone()
    }
}

/// The fields at the top of the schema.
fn root_fields() -> HashMap<String, Arc<str>> {
    let schema = parse_schema(crate::graphql::sdl()).expect("the schema's own text");
    let entry = |name: &str| (name.to_owned(), name.into());
    let mut fields: HashMap<String, Arc<str>> =
        ["__typename", "__schema", "__type"].into_iter().map(entry).collect();
    for definition in schema.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let is_root = ["Query", "Mutation"].contains(&definition.node.name.node.as_str());
        if let (true, TypeKind::Object(object)) = (is_root, definition.node.kind) {
            fields.extend(object.fields.iter().map(|field| entry(field.node.name.node.as_str())));
        }
    }
    fields
}

/// What waits in the engine and what it turned away, read when it is asked for.
struct EngineLoad(Arc<Engine>);

impl fmt::Debug for EngineLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineLoad")
    }
}

impl Collector for EngineLoad {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let load = self.0.load();
        let waiting = |count: usize| ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
        let gauges = [
            ("queued_commands", "Commands that wait for a lane", waiting(load.commands)),
            ("queued_look_ups", "Look-ups that wait for a reader", waiting(load.look_ups)),
            (
                "oldest_command_age_milliseconds",
                "How long the oldest command waits",
                ConstGauge::new(load.oldest_command_age_ms),
            ),
        ];
        for (name, help, gauge) in gauges {
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let kind = ConstCounter::new(0_u64).metric_type();
        let counters = [
            ("failed_attempts", "Attempts to settle a batch that failed", load.failed_attempts),
            ("relieved_threads", "Threads that stood still and were relieved", load.replaced_threads),
            (
                "pauses",
                "Pauses that writers and readers made while requests waited to be looked at",
                load.pauses,
            ),
        ];
        for (name, help, count) in counters {
            ConstCounter::new(count).encode(encoder.encode_descriptor(name, help, None, kind)?)?;
        }
        let shed = [
            ("shed_commands", "Commands turned away for want of room", load.commands_shed),
            ("shed_look_ups", "Look-ups turned away for want of room", load.look_ups_shed),
        ];
        for (name, help, counts) in shed {
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for (priority, count) in Priority::ALL.into_iter().zip(counts) {
                let labels = [("urgency", priority.word())];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// Who is inside of the door, what waits outside, what is held, and what was left unsaid, read when it is asked for.
pub(super) struct DoorLoad {
    pub(super) inside: Arc<InFlight>,
    pub(super) outside: Arc<Bodies>,
    pub(super) answers: Arc<AnswersUnderWay>,
    pub(super) documents: Arc<Documents>,
    pub(super) connections: Arc<Connections>,
    pub(super) log: Arc<LogCounts>,
}

impl fmt::Debug for DoorLoad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DoorLoad")
    }
}

impl Collector for DoorLoad {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let held = self.outside.held();
        let answers_help = "Bytes of answers that are being built or wait to be taken";
        for (name, help, count) in [
            ("requests_inside", "Requests that hold a place at the door", self.inside.inside()),
            ("connections", "Connections of clients", self.connections.len()),
            ("incoming_bodies", "Bodies on their way, for which a request waits outside", held.bodies),
            ("incoming_body_bytes", "Bytes of such bodies, until they are answered", held.bytes),
            ("answers_under_way_bytes", answers_help, self.answers.bytes()),
            (
                "kept_document_bytes",
                "Bytes of documents that are kept for when they come again",
                usize::try_from(self.documents.bytes()).unwrap_or(usize::MAX),
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let counters = [
            ("refused_bodies", "Bodies that found no room to wait in", self.outside.refused()),
            ("log_lines_lost", "Lines of the log that could not be written", self.log.lost()),
            (
                "log_lines_suppressed",
                "Lines of the log about strangers that were more than ten a second",
                self.log.suppressed(),
            ),
        ];
        let kind = ConstCounter::new(0_u64).metric_type();
        for (name, help, count) in counters {
            ConstCounter::new(count).encode(encoder.encode_descriptor(name, help, None, kind)?)?;
        }
        Ok(())
    }
}
