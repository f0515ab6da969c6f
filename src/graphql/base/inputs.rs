//! Inputs of which only the shape is looked at before they are taken: what they say is answered by whoever takes them,
//! in a payload's own words.

use std::marker::PhantomData;

use async_graphql::{InputType, InputValueResult, Value};

use super::scalars::{form_of, refuse};
use super::type_of::type_of;

/// A scalar as it was sent: any text. What it says is looked at by whoever takes it, who answers in words of its own.
pub struct AsSent<T> {
    /// The text.
    pub text: String,
    scalar: PhantomData<fn() -> T>,
}

impl<T: InputType> InputType for AsSent<T> {
    type RawValueType = Self;

    type_of!(T as InputType);

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value {
            Some(Value::String(text)) => Ok(Self { text, scalar: PhantomData }),
            _ => Err(refuse(form_of(&T::type_name()).unwrap_or("Expected text."))),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.text.clone())
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }
}
