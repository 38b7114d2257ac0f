//! As little MQTT 3.1.1 as a load generator needs: frames that are made beforehand and PUBACKs that are counted.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The codes of a CONNACK that our tests expect.
pub const ACCEPTED: u8 = 0;
pub const BAD_CREDENTIALS: u8 = 4;
pub const NOT_AUTHORIZED: u8 = 5;
const PUBACK: [u8; 2] = [0x40, 2];

/// Opens a connection and logs in, with a clean session and no keepalive.
pub async fn login(address: SocketAddr, client_id: &str, password: &str) -> io::Result<TcpStream> {
    let (stream, code) = try_login(address, client_id, client_id, password).await?;
    if code != ACCEPTED {
        let refused = format!("login refused: code {code}");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused));
    }
    Ok(stream)
}

/// Opens a connection, tries to log in and returns the code of the answer (MQTT 3.1.1 section 3.2.2.3).
pub async fn try_login(
    address: SocketAddr,
    client_id: &str,
    username: &str,
    password: &str,
) -> io::Result<(TcpStream, u8)> {
    const USERNAME_PASSWORD_CLEAN: u8 = 0xC2;
    let mut body = b"\0\x04MQTT\x04".to_vec();
    body.extend([USERNAME_PASSWORD_CLEAN, 0, 0]);
    for text in [client_id, username, password] {
        push_text(&mut body, text);
    }
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&frame(0x10, &body)).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    match answer {
        [0x20, 2, _, code] => Ok((stream, code)),
        other => {
            let other = format!("{other:02x?} instead of CONNACK");
            Err(io::Error::new(io::ErrorKind::InvalidData, other))
        }
    }
}

/// PUBLISH at QoS 1. The packet id stands in the two bytes before the payload.
#[must_use]
pub fn publish(topic: &str, packet_id: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(topic.len() + payload.len() + 4);
    push_text(&mut body, topic);
    body.extend(packet_id.to_be_bytes());
    body.extend(payload);
    frame(0x32, &body)
}

/// What comes back on a connection that only publishes.
#[derive(Debug, Default)]
pub struct Pubacks {
    /// The beginning of one whose end has not come.
    partial: Vec<u8>,
}

impl Pubacks {
    /// Reads what there is, at least one PUBACK's worth of bytes or the end, and returns the acknowledged packet ids.
    pub async fn read(&mut self, stream: &mut TcpStream) -> io::Result<Vec<u16>> {
        if stream.read_buf(&mut self.partial).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut ids = Vec::with_capacity(self.partial.len() / 4);
        let (frames, rest) = self.partial.as_chunks::<4>();
        for [kind, length, id @ ..] in frames {
            if [*kind, *length] != PUBACK {
                let other = format!("{kind:02x} {length:02x} instead of PUBACK");
                return Err(io::Error::new(io::ErrorKind::InvalidData, other));
            }
            ids.push(u16::from_be_bytes(*id));
        }
        self.partial = rest.to_vec();
        Ok(ids)
    }
}

fn push_text(body: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("our texts are short");
    body.extend(length.to_be_bytes());
    body.extend(text.as_bytes());
}

fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    let mut length = body.len();
    loop {
        let more = if length >= 128 { 0x80 } else { 0 };
        frame.push((length % 128) as u8 | more);
        length /= 128;
        if length == 0 {
            break;
        }
    }
    frame.extend(body);
    frame
}
