//! Golden vectors: files that hold a message's bytes and the same in readable form.
//!
//! ```text
//! # What it is, in a sentence.
//! note: value
//!
//! == cbor ==                  or == json ==, or == token ==
//! hexadecimal digits, 32 bytes a line
//! == diagnostic ==
//! RFC 8949 section 8, with << >> around byte strings that are CBOR themselves (RFC 8610 appendix G.3)
//! == claims ==                or other JSON that says the same again
//! ```
//! Line breaks and spaces in the JSON are layout: the message is the text without them. `UPDATE_VECTORS=1` in the
//! environment writes the files anew; a change of an existing one is a change of the protocol.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
};

use minicbor::data::Type;
use serde_json::Value;

/// Layout aims at lines of at most this many characters.
const WIDTH: usize = 110;
const BYTES_PER_LINE: usize = 32;

/// One message and how it must read back.
pub struct Golden {
    pub name: String,
    pub about: &'static str,
    pub notes: Vec<(&'static str, String)>,
    pub content: Content,
    /// JSON that says more about it, in sections of these names.
    pub also: Vec<(&'static str, Vec<u8>)>,
    /// Whether these bytes read as the value that the vector was made from.
    pub reads: Reads,
}

type Reads = Box<dyn Fn(&[u8]) -> Result<bool, String>>;

#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Cbor(Vec<u8>),
    Json(Vec<u8>),
    /// A compact JWT.
    Token(String),
}

impl Golden {
    pub fn new<T: PartialEq + 'static, E: std::fmt::Display>(
        name: impl Into<String>,
        about: &'static str,
        content: Content,
        value: T,
        decode: impl Fn(&[u8]) -> Result<T, E> + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            about,
            notes: Vec::new(),
            content,
            also: Vec::new(),
            reads: Box::new(move |bytes| {
                let read = decode(bytes).map_err(|error| error.to_string())?;
                Ok(read == value)
            }),
        }
    }

    pub fn note(mut self, key: &'static str, value: impl ToString) -> Self {
        self.notes.push((key, value.to_string()));
        self
    }

    pub fn also(mut self, name: &'static str, json: Vec<u8>) -> Self {
        self.also.push((name, json));
        self
    }

    fn file(&self) -> String {
        format!("{}.txt", self.name)
    }

    fn text(&self) -> String {
        let mut text = format!("# {}\n", self.about);
        for (key, value) in &self.notes {
            text += &format!("{key}: {value}\n");
        }
        text += "\n";
        match &self.content {
            Content::Cbor(bytes) => {
                text += "== cbor ==\n";
                for line in bytes.chunks(BYTES_PER_LINE) {
                    text += &format!("{}\n", hex(line));
                }
                text += &format!("== diagnostic ==\n{}\n", diagnostic(bytes));
            }
            Content::Json(bytes) => text += &format!("== json ==\n{}\n", layout_json(bytes)),
            Content::Token(token) => {
                text += &format!("== token ==\n{token}\n");
            }
        }
        for (name, json) in &self.also {
            text += &format!("== {name} ==\n{}\n", layout_json(json));
        }
        text
    }

    fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Cbor(bytes) | Content::Json(bytes) => bytes,
            Content::Token(token) => token.as_bytes(),
        }
    }
}

/// A directory of vectors.
pub struct Vectors {
    directory: PathBuf,
    goldens: Vec<Golden>,
}

impl Vectors {
    pub fn new(directory: PathBuf, goldens: Vec<Golden>) -> Self {
        let names: BTreeSet<_> = goldens.iter().map(|golden| &golden.name).collect();
        assert_eq!(names.len(), goldens.len(), "every vector has its own name");
        Self { directory, goldens }
    }

    /// Every file is what our code writes today, none is missing and none is left over.
    pub fn check_written(&self) {
        let wanted: BTreeMap<_, _> = self
            .goldens
            .iter()
            .map(|golden| (golden.file(), golden.text()))
            .collect();
        if env::var_os("UPDATE_VECTORS").is_some() {
            for (file, text) in &wanted {
                fs::write(self.directory.join(file), text).expect("vectors can be written");
            }
            for file in self.files().difference(&wanted.keys().cloned().collect()) {
                fs::remove_file(self.directory.join(file)).expect("vectors can be removed");
            }
        }
        let files = self.files();
        let names: BTreeSet<_> = wanted.keys().cloned().collect();
        assert_eq!(
            files, names,
            "files (left) and vectors (right) differ; UPDATE_VECTORS=1 writes them"
        );
        for (file, text) in &wanted {
            let found = fs::read_to_string(self.directory.join(file)).expect("vectors are text");
            assert_eq!(found, *text, "{file}");
        }
    }

    /// Every file's bytes read as the value, and with a byte behind them as nothing.
    pub fn check_read(&self) {
        for golden in &self.goldens {
            let file = fs::read_to_string(self.directory.join(golden.file())).expect(&golden.name);
            let mut bytes = message(&file);
            assert_eq!(bytes, golden.bytes(), "{}", golden.name);
            assert_eq!((golden.reads)(&bytes), Ok(true), "{}", golden.name);
            bytes.push(match golden.content {
                Content::Cbor(_) => 0,
                Content::Json(_) | Content::Token(_) => b'}',
            });
            let read = (golden.reads)(&bytes);
            assert!(read.is_err(), "{} with a byte behind it", golden.name);
        }
    }

    fn files(&self) -> BTreeSet<String> {
        fs::read_dir(&self.directory)
            .expect("the directory of vectors is there")
            .map(|entry| entry.expect("it can be listed").file_name())
            .map(|name| name.into_string().expect("our names are ASCII"))
            .filter(|name| name.ends_with(".txt"))
            .collect()
    }
}

/// The bytes that a vector's file stands for.
fn message(file: &str) -> Vec<u8> {
    let (_, content) = file.split_once("\n== ").expect("a vector has a section");
    let (kind, content) = content.split_once(" ==\n").expect("a section has a name");
    let content = content.split("\n== ").next().unwrap_or_default();
    match kind {
        "cbor" => content.lines().flat_map(unhex).collect(),
        "json" => without_layout(content).into_bytes(),
        "token" => content.trim().into(),
        other => panic!("a vector has no section {other:?}"),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(line: &str) -> Vec<u8> {
    (0..line.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&line[at..at + 2], 16).expect("hexadecimal digits"))
        .collect()
}

/// JSON without the spaces and line breaks between its parts.
fn without_layout(json: &str) -> String {
    let mut text = String::new();
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string || !c.is_ascii_whitespace() {
            text.push(c);
        }
        (in_string, escaped) = match (in_string, escaped, c) {
            (false, _, '"') => (true, false),
            (true, false, '"') => (false, false),
            (true, false, '\\') => (true, true),
            (in_string, ..) => (in_string, false),
        };
    }
    text
}

/// A value about to be laid out: on one line if it fits, otherwise a line for each of its parts.
enum Node {
    Leaf(String),
    /// Opening and closing bracket, and between them the parts, each with its key if it has one.
    Group(&'static str, Vec<(Option<String>, Node)>, &'static str),
}

impl Node {
    fn layout(&self, indent: usize, used: usize) -> String {
        let line = self.line();
        let Self::Group(open, parts, close) = self else {
            return line;
        };
        if parts.is_empty() || indent + used + line.len() <= WIDTH {
            return line;
        }
        // What is only wrapped needs no lines for its wrapping.
        if let [(None, wrapped @ Self::Group(..))] = &parts[..] {
            return format!("{open}{}{close}", wrapped.layout(indent, used));
        }
        let inner = indent + 2;
        let mut text = format!("{open}\n");
        for (at, (key, part)) in parts.iter().enumerate() {
            let key = key.as_ref().map_or(String::new(), |key| format!("{key}: "));
            let comma = if at + 1 < parts.len() { "," } else { "" };
            let part = part.layout(inner, key.len() + comma.len());
            text += &format!("{:inner$}{key}{part}{comma}\n", "");
        }
        text + &format!("{:indent$}{close}", "")
    }

    fn line(&self) -> String {
        match self {
            Self::Leaf(text) => text.clone(),
            Self::Group(open, parts, close) => {
                let parts: Vec<_> = parts
                    .iter()
                    .map(|(key, part)| match key {
                        Some(key) => format!("{key}: {}", part.line()),
                        None => part.line(),
                    })
                    .collect();
                format!("{open}{}{close}", parts.join(", "))
            }
        }
    }
}

fn layout_json(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).expect("JSON is UTF-8");
    let mut rest = text;
    let node = json_node(&mut rest);
    assert_eq!(rest, "", "one value");
    node.layout(0, 0)
}

/// Reads compact JSON that our code wrote, keeping the order of keys and the spelling of numbers.
fn json_node(rest: &mut &str) -> Node {
    let (open, close) = match rest.as_bytes()[0] {
        b'{' => ("{", "}"),
        b'[' => ("[", "]"),
        _ => return Node::Leaf(json_leaf(rest)),
    };
    let mut parts = Vec::new();
    loop {
        *rest = &rest[1..];
        if let Some(after) = rest.strip_prefix(close) {
            *rest = after;
            return Node::Group(open, parts, close);
        }
        let key = (open == "{").then(|| {
            let key = json_leaf(rest);
            *rest = &rest[1..];
            key
        });
        parts.push((key, json_node(rest)));
        if let Some(after) = rest.strip_prefix(close) {
            *rest = after;
            return Node::Group(open, parts, close);
        }
    }
}

fn json_leaf(rest: &mut &str) -> String {
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    values.next().expect("a value").expect("JSON of ours");
    let (leaf, after) = rest.split_at(values.byte_offset());
    *rest = after;
    leaf.to_owned()
}

fn diagnostic(bytes: &[u8]) -> String {
    cbor_node(&mut minicbor::Decoder::new(bytes))
        .expect("CBOR of ours")
        .layout(0, 0)
}

fn cbor_node(d: &mut minicbor::Decoder<'_>) -> Result<Node, minicbor::decode::Error> {
    Ok(match d.datatype()? {
        Type::Null => {
            d.null()?;
            Node::Leaf("null".into())
        }
        Type::Bool => Node::Leaf(d.bool()?.to_string()),
        Type::Bytes => bytes_node(d.bytes()?),
        Type::String => Node::Leaf(serde_json::to_string(d.str()?).expect("a text is JSON")),
        Type::Array => {
            let count = d.array()?.expect("definite lengths");
            let parts = (0..count).map(|_| Ok((None, cbor_node(d)?)));
            Node::Group("[", parts.collect::<Result<_, _>>()?, "]")
        }
        Type::Map => {
            let count = d.map()?.expect("definite lengths");
            let parts = (0..count).map(|_| Ok((Some(cbor_node(d)?.line()), cbor_node(d)?)));
            Node::Group("{", parts.collect::<Result<_, _>>()?, "}")
        }
        Type::Tag => {
            let open = match d.tag()?.as_u64() {
                18 => "18(",
                107 => "107(",
                other => panic!("no message of ours has tag {other}"),
            };
            Node::Group(open, vec![(None, cbor_node(d)?)], ")")
        }
        _ => Node::Leaf(d.int()?.to_string()),
    })
}

/// A byte string that is one array, map or tagged value of CBOR is shown as such.
fn bytes_node(bytes: &[u8]) -> Node {
    let mut decoder = minicbor::Decoder::new(bytes);
    let holds_cbor = matches!(decoder.datatype(), Ok(Type::Array | Type::Map | Type::Tag))
        && decoder.skip().is_ok()
        && decoder.position() == bytes.len();
    if holds_cbor {
        let inner = cbor_node(&mut minicbor::Decoder::new(bytes)).expect("it was skipped before");
        return Node::Group("<<", vec![(None, inner)], ">>");
    }
    Node::Leaf(format!("h'{}'", hex(bytes)))
}
