//! The network address of a request, as the rate limit counts it.

use std::net::{IpAddr, Ipv6Addr};

use crate::secret::{CallerAddress, Digest};

/// The network that a request came from: an IPv4 address, or the first 64 bits of an IPv6 address. A provider gives such
/// a /64 to one customer, who may use every address in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => {
                Self(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into())
            }
        }
    }
}

impl Address {
    /// Returns the address of a request that the gateway received from `source_ip` with this `X-Forwarded-For` header.
    ///
    /// The gateway appends `source_ip` to the header, and every proxy before it has appended the address that it saw.
    /// So behind one trusted proxy the entry before the last is the caller's address, behind two the one before that.
    /// The caller chooses the entries to its left. A header of another form means that the request did not come
    /// through the proxies: then `source_ip` counts. All requests without a usable `source_ip` share one address.
    ///
    /// ```
    /// # use shared::users::rate_limit::Address;
    /// // CloudFront, at 130.176.1.1, is in front of the gateway. The caller has invented 192.0.2.1.
    /// let header = "192.0.2.1, 203.0.113.7, 130.176.1.1";
    /// let caller = Address::seen("130.176.1.1", Some(header), 1);
    /// assert_eq!(caller, Address::from("203.0.113.7".parse::<std::net::IpAddr>()?));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn seen(source_ip: &str, forwarded: Option<&str>, trusted_proxies: u8) -> Self {
        let own = source_ip.parse().unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        Self::from(forwarded_address(own, forwarded.unwrap_or_default(), trusted_proxies).unwrap_or(own))
    }

    pub(super) fn text(self) -> String {
        self.0.to_string()
    }

    /// Returns the name of the address's counters, which does not reveal the address at a glance.
    pub(super) fn digest(self) -> String {
        Digest::<CallerAddress>::of(self.text()).name()
    }
}

/// Returns the entry of `forwarded` that the outermost trusted proxy has written.
fn forwarded_address(own: IpAddr, forwarded: &str, trusted_proxies: u8) -> Option<IpAddr> {
    let mut from_the_right = forwarded.rsplit(',').map(str::trim);
    if trusted_proxies == 0 || from_the_right.next()?.parse() != Ok(own) {
        return None;
    }
    from_the_right.nth(usize::from(trusted_proxies) - 1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_so_is_an_ipv4_address_in_either_spelling() {
        let same = |one: &str, other: &str| Address::from(ip(one)) == Address::from(ip(other));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(!same("203.0.113.7", "203.0.113.8"));
        assert!(same("203.0.113.7", "::ffff:203.0.113.7"));
        assert!(!same("::ffff:203.0.113.7", "::ffff:203.0.113.8"));
    }

    #[test]
    fn a_forwarded_address_counts_only_as_far_as_trusted_proxies_wrote_it() {
        let (gateway, invented) = ("198.51.100.1", "192.0.2.1, 203.0.113.7, 198.51.100.2, 198.51.100.1");
        for (header, proxies, expected) in [
            (Some(invented), 0, gateway),
            (Some(invented), 1, "198.51.100.2"),
            (Some(invented), 2, "203.0.113.7"),
            (Some("203.0.113.7,198.51.100.1"), 1, "203.0.113.7"),
            (Some("2001:db8::7 , 198.51.100.1"), 1, "2001:db8::"),
            // Headers that no trusted proxy has written.
            (None, 1, gateway),
            (Some(""), 1, gateway),
            (Some(gateway), 1, gateway),
            (Some("203.0.113.7"), 1, gateway),
            (Some("203.0.113.7, 198.51.100.9"), 1, gateway),
            (Some("unknown, 198.51.100.1"), 1, gateway),
            (Some("203.0.113.7:4711, 198.51.100.1"), 1, gateway),
            (Some(", 198.51.100.1"), 1, gateway),
            (Some("203.0.113.7, 198.51.100.1,"), 1, gateway),
            (Some(invented), 4, gateway),
            (Some(invented), 8, gateway),
        ] {
            assert_eq!(Address::seen(gateway, header, proxies), Address::from(ip(expected)), "{header:?}");
        }
        assert_eq!(Address::seen("", Some("203.0.113.7"), 0), Address::seen("nonsense", None, 1));
    }
}
