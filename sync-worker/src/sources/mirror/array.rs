//! The elements of a JSON array, found while it arrives: a list of any length takes the memory of one
//! element. Pure.

/// The error of a text that is no array of elements of the permitted size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrayError {
    /// It is no array, or is not well-formed.
    Malformed,
    /// It ends before the array does.
    Incomplete,
    /// An element has more bytes than permitted.
    TooLarge,
}

/// The place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the array.
    Before,
    /// Between `[` or a comma and the next element.
    BeforeElement { is_first: bool },
    /// Within an element, at this depth of brackets.
    Within { depth: usize, quoted: Quoted },
    /// After the array.
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoted {
    No,
    Yes,
    /// After a backslash within quotes.
    Escaped,
}

/// Splits an array into its elements.
#[derive(Debug)]
pub(super) struct Elements {
    place: Place,
    element: Vec<u8>,
    most: usize,
}

impl Elements {
    /// Creates it for elements of at most so many bytes.
    pub(super) const fn of(most: usize) -> Self {
        Self { place: Place::Before, element: vec![], most }
    }

    /// The most bytes of an element.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// Takes the next part of the text, and returns the elements that end in it. Whether an element is
    /// well-formed is found out by who parses it.
    pub(super) fn take(&mut self, part: &[u8]) -> Result<Vec<Vec<u8>>, ArrayError> {
        let mut complete = vec![];
        for byte in part {
            if let Some(element) = self.step(*byte)? {
                complete.push(element);
            }
        }
        Ok(complete)
    }

    /// Fails unless the array has ended.
    pub(super) fn end(&self) -> Result<(), ArrayError> {
        if self.place == Place::After { Ok(()) } else { Err(ArrayError::Incomplete) }
    }

    fn step(&mut self, byte: u8) -> Result<Option<Vec<u8>>, ArrayError> {
        let is_space = byte.is_ascii_whitespace();
        match (self.place, byte) {
            (Place::Before | Place::After | Place::BeforeElement { .. }, _) if is_space => {}
            (Place::Before, b'[') => self.place = Place::BeforeElement { is_first: true },
            (Place::BeforeElement { is_first: true }, b']') => self.place = Place::After,
            (Place::Before | Place::After, _)
            | (Place::BeforeElement { .. }, b']' | b',' | b'}' | b':') => {
                return Err(ArrayError::Malformed);
            }
            (Place::BeforeElement { .. }, _) => {
                self.place = Place::Within { depth: 0, quoted: Quoted::No };
                return self.within(byte, 0, Quoted::No);
            }
            (Place::Within { depth, quoted }, _) => return self.within(byte, depth, quoted),
        }
        Ok(None)
    }

    fn within(
        &mut self,
        byte: u8,
        depth: usize,
        quoted: Quoted,
    ) -> Result<Option<Vec<u8>>, ArrayError> {
        let (depth, quoted) = match (quoted, byte) {
            (Quoted::Escaped, _) => (depth, Quoted::Yes),
            (Quoted::Yes, b'\\') => (depth, Quoted::Escaped),
            (Quoted::Yes, b'"') => (depth, Quoted::No),
            (Quoted::Yes, _) => (depth, Quoted::Yes),
            (Quoted::No, b'"') => (depth, Quoted::Yes),
            (Quoted::No, b'[' | b'{') => (depth + 1, Quoted::No),
            (Quoted::No, b',' | b']') if depth == 0 => {
                self.place = match byte {
                    b',' => Place::BeforeElement { is_first: false },
                    _ => Place::After,
                };
                return Ok(Some(std::mem::take(&mut self.element)));
            }
            (Quoted::No, b']' | b'}') => {
                (depth.checked_sub(1).ok_or(ArrayError::Malformed)?, Quoted::No)
            }
            (Quoted::No, _) => (depth, Quoted::No),
        };
        if self.element.len() == self.most {
            return Err(ArrayError::TooLarge);
        }
        self.element.push(byte);
        self.place = Place::Within { depth, quoted };
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn split(text: &str, pieces: usize, most: usize) -> Result<Vec<Value>, ArrayError> {
        let (mut elements, mut found) = (Elements::of(most), vec![]);
        for part in text.as_bytes().chunks(pieces) {
            for element in elements.take(part)? {
                found.push(serde_json::from_slice(&element).map_err(|_| ArrayError::Malformed)?);
            }
        }
        elements.end().map(|()| found)
    }

    #[test]
    fn elements_are_found_whatever_they_contain() {
        let list = json!([{"a": "x]},[\"\\"}, [1, [2]], "b\\\\", 3.5, null, {}, []]);
        let expected = list.as_array().unwrap().clone();
        for text in [list.to_string(), format!(" \n{list:#} \n")] {
            for pieces in 1..20 {
                assert_eq!(split(&text, pieces, 100), Ok(expected.clone()), "{text}");
            }
        }
        assert_eq!(split(" [ ] ", 1, 9), Ok(vec![]));
    }

    #[test]
    fn what_is_no_array_or_ends_early_is_an_error() {
        for text in ["{}", "x", "[,]", "[1,]", "[1}]", "[}", "[1] 2", "[\"a\" \"b\"]"] {
            assert_eq!(split(text, 3, 9), Err(ArrayError::Malformed), "{text}");
        }
        for text in ["", "[", "[1", "[1,2", "[[1}", "[{\"a\": 1", "[\"]"] {
            assert_eq!(split(text, 3, 99), Err(ArrayError::Incomplete), "{text}");
        }
    }

    #[test]
    fn an_element_that_is_too_large_is_an_error_and_a_long_list_is_none() {
        assert_eq!(split(r#"[1, "123456789"]"#, 4, 10), Err(ArrayError::TooLarge));
        assert_eq!(split(r#"[1, "12345678"]"#, 4, 10).unwrap().len(), 2);
        let long = json!(vec![1; 10_000]).to_string();
        assert_eq!(split(&long, 1_000, 2).unwrap().len(), 10_000);
    }

    proptest! {
        #[test]
        fn any_array_is_split_as_it_was_put_together(
            texts in prop::collection::vec(".{0,20}", 0..20),
            pieces in 1_usize..50,
        ) {
            let list = texts.iter().map(|text| json!({ text: [text] })).collect::<Vec<_>>();
            let split = split(&json!(list).to_string(), pieces, 1_000);
            prop_assert_eq!(split, Ok(list));
        }
    }
}
