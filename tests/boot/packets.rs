//! What a board sent over its network, read from QEMU's capture.
//!
//! Never: a frame that is passed over because it is not understood.
//! Source: https://www.ietf.org/archive/id/draft-gharris-opsawg-pcap-01.html, RFC 1918, RFC 4193

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const PCAP: u32 = 0xa1b2_c3d4;
const ETHERNET: u32 = 1;
const FILE_HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 16;

/// Where a frame goes, as far as it has an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    pub from: IpAddr,
    pub to: IpAddr,
    /// Of UDP and TCP.
    pub to_port: Option<u16>,
}

/// The IP packets of a capture, in their order. A record that the end of the file cuts off was being written.
///
/// # Errors
/// Words about what is no capture, or a frame that is neither IP nor ARP.
pub fn read(capture: &[u8]) -> Result<Vec<Packet>, String> {
    if little(capture, 0) != Some(PCAP) || little(capture, 20) != Some(ETHERNET) {
        return Err("this is no capture of Ethernet".to_owned());
    }
    let mut packets = Vec::new();
    let mut at = FILE_HEADER_BYTES;
    while let Some(length) = little(capture, at + 8) {
        at += RECORD_HEADER_BYTES;
        let Some(frame) = capture.get(at..at + length as usize) else {
            break;
        };
        packets.extend(packet(frame)?);
        at += length as usize;
    }
    Ok(packets)
}

fn packet(frame: &[u8]) -> Result<Option<Packet>, String> {
    let body = frame.get(14..).ok_or("a frame without a header")?;
    match big(frame, 12) {
        Some(0x0806) => Ok(None),
        Some(0x0800) => {
            let header_bytes = usize::from(body.first().ok_or("an empty packet")? & 15) * 4;
            let address = |at: usize| {
                let bytes: [u8; 4] = body.get(at..at + 4)?.try_into().ok()?;
                Some(IpAddr::V4(Ipv4Addr::from(bytes)))
            };
            packet_of(address(12), address(16), body.get(9), body, header_bytes)
        }
        Some(0x86dd) => {
            let address = |at: usize| {
                let bytes: [u8; 16] = body.get(at..at + 16)?.try_into().ok()?;
                Some(IpAddr::V6(Ipv6Addr::from(bytes)))
            };
            packet_of(address(8), address(24), body.get(6), body, 40)
        }
        other => Err(format!("a frame of the kind {other:x?}")),
    }
}

fn packet_of(
    from: Option<IpAddr>,
    to: Option<IpAddr>,
    protocol: Option<&u8>,
    body: &[u8],
    header_bytes: usize,
) -> Result<Option<Packet>, String> {
    let (Some(from), Some(to), Some(protocol)) = (from, to, protocol) else {
        return Err("a packet that is too short".to_owned());
    };
    let to_port = match protocol {
        6 | 17 => big(body, header_bytes + 2),
        _ => None,
    };
    Ok(Some(Packet { from, to, to_port }))
}

/// Whether a packet to this address stays in the home network.
pub fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, third, _] = v4.octets();
            let announced = first == 224 && second == 0 && third == 0;
            let administered = first == 239;
            v4.is_private()
                || v4.is_link_local()
                || v4.is_loopback()
                || v4.is_broadcast()
                || v4.is_unspecified()
                || announced
                || administered
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            let multicast_scope = first & 0xf;
            // fec0::/10 is what QEMU's own router announces.
            v6.is_loopback()
                || v6.is_unspecified()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
                || first & 0xffc0 == 0xfec0
                || (first & 0xff00 == 0xff00 && multicast_scope <= 5)
        }
    }
}

fn little(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(four))
}

fn big(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(two))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture_of(frames: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = PCAP.to_le_bytes().to_vec();
        bytes.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
        bytes.extend(ETHERNET.to_le_bytes());
        for frame in frames {
            let length = (frame.len() as u32).to_le_bytes();
            bytes.extend([[0; 4], [0; 4], length, length].concat());
            bytes.extend(frame);
        }
        bytes
    }

    fn frame(kind: u16, body: &[u8]) -> Vec<u8> {
        [&[0; 12][..], &kind.to_be_bytes(), body].concat()
    }

    fn udp(to: [u8; 4], port: u16) -> Vec<u8> {
        let mut body = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 2, 15];
        body.extend(to);
        body.extend([0x12, 0x34]);
        body.extend(port.to_be_bytes());
        body.extend([0, 8, 0, 0]);
        frame(0x0800, &body)
    }

    #[test]
    fn a_packet_that_leaves_the_home_is_seen() {
        let mut v6 = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
        v6.extend("fec0::15".parse::<Ipv6Addr>().unwrap().octets());
        v6.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        v6.extend([0, 1, 0, 123, 0, 8, 0, 0]);
        let arp = frame(0x0806, &[0; 28]);
        let frames = [
            arp,
            udp([10, 0, 2, 2], 80),
            udp([192, 0, 2, 1], 123),
            frame(0x86dd, &v6),
        ];
        let packets = read(&capture_of(&frames)).unwrap();
        let left: Vec<Packet> = packets.into_iter().filter(|p| !is_local(p.to)).collect();
        let to: Vec<String> = left.iter().map(|p| p.to.to_string()).collect();
        assert_eq!(to, ["192.0.2.1", "2001:db8::1"]);
        assert!(left.iter().all(|packet| packet.to_port == Some(123)));
    }

    #[test]
    fn a_cut_record_ends_the_capture_and_strange_frames_are_errors() {
        let mut bytes = capture_of(&[udp([10, 0, 2, 2], 80), udp([10, 0, 2, 2], 80)]);
        bytes.truncate(bytes.len() - 1);
        assert_eq!(read(&bytes).unwrap().len(), 1);
        assert!(read(&bytes[4..]).is_err());
        assert!(read(&capture_of(&[frame(0x8100, &[0; 40])])).is_err());
        assert!(read(&capture_of(&[frame(0x0800, &[0x45; 8])])).is_err());
    }

    #[test]
    fn what_is_local() {
        for (address, expected) in [
            ("10.0.2.2", true),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
            ("169.254.3.4", true),
            ("224.0.0.251", true),
            ("224.0.1.1", false),
            ("255.255.255.255", true),
            ("9.9.9.9", false),
            ("fe80::1", true),
            ("ff02::fb", true),
            ("ff0e::101", false),
            ("fd00::1", true),
            ("2606:4700::1", false),
        ] {
            assert_eq!(is_local(address.parse().unwrap()), expected, "{address}");
        }
    }
}
