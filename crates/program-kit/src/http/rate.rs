//! Rate limits: for each principal, and for each address without a known token.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, QuantaClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::LimitsSettings;
use super::address::{SHARED_KEY, rate_key};
use super::problem::Problem;
use crate::access::{Caller, Role};

/// The most addresses that are counted separately; beyond that, all share one limit.
const MAX_ADDRESSES: usize = 50_000;

/// The number of requests after which idle addresses are forgotten.
const SWEEP_INTERVAL: usize = 5_000;

/// The recent requests of each caller; shared by all threads.
pub(super) struct RateLimits {
    principals: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    clock: QuantaClock,
    requests: AtomicUsize,
    is_shared: AtomicBool,
}

impl RateLimits {
    pub(super) fn new(limits: &LimitsSettings) -> Self {
        let quota = |rate, burst| Quota::per_second(rate).allow_burst(burst);
        Self::with(
            quota(limits.principal_rate, limits.principal_burst),
            quota(limits.address_rate, limits.address_burst),
        )
    }

    fn with(principal: Quota, address: Quota) -> Self {
        Self {
            principals: RateLimiter::keyed(principal),
            addresses: RateLimiter::keyed(address),
            clock: QuantaClock::default(),
            requests: AtomicUsize::new(0),
            is_shared: AtomicBool::new(false),
        }
    }

    /// Counts a request of this caller.
    pub(super) fn check(&self, caller: &Caller, address: IpAddr) -> Result<(), Problem> {
        match caller {
            Caller::Anybody => Ok(()),
            Caller::Nobody => self.check_address(address),
            // The worker limits itself, and slowing it down would slow down everything.
            Caller::Known(principal) if principal.roles.has(Role::Sync) => Ok(()),
            // There are no more of these than the settings name.
            Caller::Known(principal) => {
                let checked = self.principals.check_key(&principal.name);
                checked.map_err(|until| self.too_many(until.wait_time_from(self.clock.now())))
            }
        }
    }

    /// Counts a request without a known token.
    pub(super) fn check_address(&self, address: IpAddr) -> Result<(), Problem> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        if number % SWEEP_INTERVAL == SWEEP_INTERVAL - 1 {
            self.sweep();
        }
        let is_shared = self.is_shared.load(Ordering::Relaxed);
        let key = if is_shared { SHARED_KEY } else { rate_key(address) };
        let checked = self.addresses.check_key(&key);
        checked.map_err(|until| self.too_many(until.wait_time_from(self.clock.now())))
    }

    /// Forgets addresses whose full burst is available again.
    fn sweep(&self) {
        self.addresses.retain_recent();
        self.addresses.shrink_to_fit();
        let is_shared = self.addresses.len() > MAX_ADDRESSES;
        match (self.is_shared.swap(is_shared, Ordering::Relaxed), is_shared) {
            (false, true) => {
                tracing::warn!("more than {MAX_ADDRESSES} addresses: they share one rate limit");
            }
            (true, false) => tracing::info!("fewer addresses: each has its own rate limit again"),
            (false, false) | (true, true) => {}
        }
    }

    fn too_many(&self, wait: Duration) -> Problem {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Problem::too_many("rate limit exceeded; retry after the time in Retry-After", seconds)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::num::NonZeroU32;
    use std::sync::Arc;

    use actix_web::ResponseError as _;

    use super::*;
    use crate::access::Principal;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    /// Creates limits that do not replenish while a test runs.
    fn rates(principal_burst: u32, address_burst: u32) -> RateLimits {
        let quota = |burst| {
            let slow = Quota::with_period(Duration::from_secs(60)).unwrap();
            slow.allow_burst(NonZeroU32::new(burst).unwrap())
        };
        RateLimits::with(quota(principal_burst), quota(address_burst))
    }

    fn known(name: &str, roles: &str) -> Caller {
        let roles = roles.parse().unwrap();
        Caller::Known(Arc::new(Principal { name: name.to_owned(), roles }))
    }

    fn taken(rates: &RateLimits, caller: &Caller, address: IpAddr) -> usize {
        (0..100).filter(|_| rates.check(caller, address).is_ok()).count()
    }

    #[test]
    fn each_principal_has_a_rate_wherever_it_asks_from() {
        let rates = rates(10, 1);
        let (shop, other) = (known("shop", "write"), known("other", "admin"));
        assert_eq!((taken(&rates, &shop, HERE), taken(&rates, &shop, THERE)), (10, 0));
        assert_eq!(taken(&rates, &other, HERE), 10);
    }

    #[test]
    fn whoever_is_nobody_has_the_rate_of_the_address() {
        let rates = rates(1, 10);
        assert_eq!(taken(&rates, &Caller::Nobody, HERE), 10);
        assert!(rates.check_address(HERE).is_err());
        assert_eq!(taken(&rates, &Caller::Nobody, THERE), 10);
    }

    #[test]
    fn the_worker_and_this_machine_have_no_rate() {
        let rates = rates(1, 1);
        for caller in [known("worker", "sync"), known("both", "read,sync"), Caller::Anybody] {
            assert_eq!(taken(&rates, &caller, HERE), 100, "{caller:?}");
        }
    }

    #[test]
    fn a_refusal_says_in_whole_seconds_when_to_come_again() {
        let rates = rates(1, 1);
        rates.check_address(HERE).unwrap();
        let response = rates.check_address(HERE).unwrap_err().error_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers().get("retry-after").unwrap(), "60");
    }

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        let rates = rates(1, 1);
        let network = |number: u128| IpAddr::V6(Ipv6Addr::from_bits(number << 64));
        let taken = (0..200_000).filter(|number| rates.check_address(network(*number)).is_ok());
        let taken = taken.count();
        assert!(
            rates.addresses.len() <= MAX_ADDRESSES + SWEEP_INTERVAL + 1,
            "{}",
            rates.addresses.len()
        );
        assert!((MAX_ADDRESSES..MAX_ADDRESSES + 2 * SWEEP_INTERVAL).contains(&taken), "{taken}");
        assert!(rates.check(&known("shop", "read"), HERE).is_ok());
    }
}
