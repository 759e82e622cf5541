//! What ends once and for all: a session, a personal token, a device cookie.

use super::Ms;

/// Whether something still works, as far as responses tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knowledge {
    Works,
    /// The response to what would have ended it was lost, or it may not have been used in time.
    Perhaps,
    Ended,
}

/// Something that works from its begin until it is ended, or until its time is over.
#[derive(Clone, Debug)]
pub struct Fact {
    knowledge: Knowledge,
    /// It does not work at this time or later.
    ends: Ms,
    /// It certainly works before this time, unless it was ended.
    lasts: Ms,
}

impl Fact {
    /// Returns something that works until `ends`.
    pub const fn until(ends: Ms) -> Self {
        Self { knowledge: Knowledge::Works, ends, lasts: ends }
    }

    /// Records that it works until `lasts` at least.
    pub const fn lasts(&mut self, lasts: Ms) {
        self.lasts = if lasts < self.ends { lasts } else { self.ends };
    }

    pub const fn end(&mut self) {
        self.knowledge = Knowledge::Ended;
    }

    /// Records that it may have ended.
    pub fn perhaps_end(&mut self) {
        if self.knowledge == Knowledge::Works {
            self.knowledge = Knowledge::Perhaps;
        }
    }

    /// Returns whether it certainly works at `now`.
    pub fn works(&self, now: Ms) -> bool {
        self.knowledge == Knowledge::Works && now < self.lasts
    }

    /// Returns whether it may work at `now`.
    pub fn may_work(&self, now: Ms) -> bool {
        self.knowledge != Knowledge::Ended && now < self.ends
    }

    /// Records that a response told at `now` whether it works. `in_flight`: whether the network may still hold a write.
    pub fn observe(&mut self, now: Ms, works: bool, in_flight: bool) -> Result<(), String> {
        let consistent = if works { self.may_work(now) } else { !self.works(now) };
        if !consistent {
            return Err(format!("at {now} it works: {works}, but it was {self:?}"));
        }
        self.knowledge = match (works, in_flight) {
            (false, _) => Knowledge::Ended,
            (true, false) => Knowledge::Works,
            (true, true) => self.knowledge,
        };
        Ok(())
    }
}
