//! Where a request came from.

use std::net::{IpAddr, Ipv6Addr};

use lambda_http::{RequestExt, request::RequestContext};

use crate::http::Call;

/// The network that a request came from, as far as one person has it: an IPv4 address, or the 64 bits of an IPv6
/// address that a provider gives to one line. Whoever has such a line has all the addresses in it.
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
    /// Where `call` came from: see [`Address::seen`].
    pub fn of(call: &Call<'_>) -> Self {
        let source_ip = match call.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        let forwarded = call.request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
        Self::seen(source_ip.unwrap_or_default(), forwarded, call.app.config.throttling.trusted_proxies)
    }

    /// Where a request came from that the gateway got from `source_ip`, with this `X-Forwarded-For`.
    ///
    /// The gateway appends `source_ip` to the header, and every proxy before it has appended what it saw itself. So
    /// behind one proxy of ours the entry before the last is to be believed, behind two the one before that, and
    /// nothing to its left: that is whatever the caller wished. A header that is not of this form says that the
    /// request came past the proxies, and then the gateway's own word counts; without that, all share one address.
    ///
    /// ```
    /// # use shared::throttle::Address;
    /// // CloudFront, at 130.176.1.1, stands before the gateway. The caller has made up 192.0.2.1.
    /// let header = "192.0.2.1, 203.0.113.7, 130.176.1.1";
    /// let caller = Address::seen("130.176.1.1", Some(header), 1);
    /// assert_eq!(caller, Address::from("203.0.113.7".parse::<std::net::IpAddr>()?));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn seen(source_ip: &str, forwarded: Option<&str>, trusted_proxies: u8) -> Self {
        let own = source_ip.parse().unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        Self::from(believed(own, forwarded.unwrap_or_default(), trusted_proxies).unwrap_or(own))
    }

    /// The name of its counter: what the table keeps in place of the address.
    pub(super) fn text(self) -> String {
        self.0.to_string()
    }
}

fn believed(own: IpAddr, forwarded: &str, trusted_proxies: u8) -> Option<IpAddr> {
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
    fn an_ipv6_line_is_one_address_and_so_is_an_ipv4_address_in_either_spelling() {
        let same = |one: &str, other: &str| Address::from(ip(one)) == Address::from(ip(other));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(!same("203.0.113.7", "203.0.113.8"));
        assert!(same("203.0.113.7", "::ffff:203.0.113.7"));
        assert!(!same("::ffff:203.0.113.7", "::ffff:203.0.113.8"));
    }

    #[test]
    fn a_forwarded_address_is_believed_only_as_far_as_our_own_proxies_wrote_it() {
        let (gateway, made_up) = ("198.51.100.1", "192.0.2.1, 203.0.113.7, 198.51.100.2, 198.51.100.1");
        for (header, proxies, expected) in [
            (Some(made_up), 0, gateway),
            (Some(made_up), 1, "198.51.100.2"),
            (Some(made_up), 2, "203.0.113.7"),
            (Some("203.0.113.7,198.51.100.1"), 1, "203.0.113.7"),
            (Some("2001:db8::7 , 198.51.100.1"), 1, "2001:db8::"),
            // What is not of the form that the proxies give it.
            (None, 1, gateway),
            (Some(""), 1, gateway),
            (Some(gateway), 1, gateway),
            (Some("203.0.113.7"), 1, gateway),
            (Some("203.0.113.7, 198.51.100.9"), 1, gateway),
            (Some("unknown, 198.51.100.1"), 1, gateway),
            (Some("203.0.113.7:4711, 198.51.100.1"), 1, gateway),
            (Some(", 198.51.100.1"), 1, gateway),
            (Some("203.0.113.7, 198.51.100.1,"), 1, gateway),
            (Some(made_up), 4, gateway),
            (Some(made_up), 8, gateway),
        ] {
            assert_eq!(Address::seen(gateway, header, proxies), Address::from(ip(expected)), "{header:?}");
        }
        assert_eq!(Address::seen("", Some("203.0.113.7"), 0), Address::seen("nonsense", None, 1));
    }
}
