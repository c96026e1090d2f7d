//! Who has to go when another client comes (pure): nobody can keep the others out of 9051 by connections that ask
//! nothing.

use std::net::IpAddr;

use crate::decide::watchers::ClientId;

/// The most clients at a time.
pub const MOST_CLIENTS: usize = 320;

/// The most streams of `/watch`: the rest is always free for those who ask and go. An observer makes room for a proxy or
/// an agent.
pub const MOST_WATCHERS: usize = 300;

/// The most clients of one address that do not watch.
const MOST_PASSING: usize = 64;

/// How far a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Its request is not whole.
    Asking,
    /// Its answer is on its way.
    Answered,
    /// It watches.
    Watching,
}

/// A client as it counts here; the one that came first has the lowest number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Which one.
    pub id: ClientId,
    /// Where it is.
    pub address: IpAddr,
    /// How far it is.
    pub stage: Stage,
}

/// Who has to go before a client at `address` can stay; none: there is room.
///
/// It is one of the same address where that has its share already, and else one of the address that has the most. There
/// it is one that has asked nothing before one whose answer is on its way, and the first that came. Who watches stays.
#[must_use]
pub fn evicted(guests: &[Guest], address: IpAddr) -> Option<ClientId> {
    let passing = || guests.iter().filter(|guest| guest.stage != Stage::Watching);
    let share = |of: IpAddr| passing().filter(|guest| guest.address == of).count();
    let from = match () {
        () if share(address) >= MOST_PASSING => address,
        () if guests.len() >= MOST_CLIENTS => passing().map(|guest| guest.address).max_by_key(|of| share(*of))?,
        () => return None,
    };
    passing().filter(|guest| guest.address == from).min_by_key(|guest| (guest.stage, guest.id)).map(|guest| guest.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn guests(first: u64, count: usize, last: u8, stage: Stage) -> Vec<Guest> {
        (first..).take(count).map(|id| Guest { id: ClientId(id), address: address(last), stage }).collect()
    }

    #[test]
    fn nobody_goes_while_there_is_room() {
        assert_eq!(evicted(&guests(0, 63, 1, Stage::Asking), address(1)), None);
        assert_eq!(evicted(&guests(0, 300, 1, Stage::Watching), address(1)), None);
    }

    #[test]
    fn an_address_with_its_share_gives_up_its_own_first() {
        let mut crowd = guests(0, 63, 1, Stage::Asking);
        crowd.insert(0, Guest { id: ClientId(90), address: address(1), stage: Stage::Answered });
        assert_eq!(evicted(&crowd, address(1)), Some(ClientId(0)));
        assert_eq!(evicted(&crowd, address(2)), None);
    }

    #[test]
    fn in_a_full_house_the_largest_crowd_gives_way_and_no_watcher_does() {
        let mut full = guests(0, 290, 1, Stage::Watching);
        full.extend(guests(300, 10, 2, Stage::Answered));
        full.extend(guests(400, 20, 3, Stage::Asking));
        assert_eq!(evicted(&full, address(4)), Some(ClientId(400)));
        assert_eq!(evicted(&full, address(2)), Some(ClientId(400)));
        assert_eq!(evicted(&guests(0, 320, 1, Stage::Watching), address(2)), None, "there are never so many");
    }

    #[test]
    fn a_client_that_is_being_answered_goes_last() {
        let mut crowd = guests(0, 40, 1, Stage::Answered);
        crowd.extend(guests(50, 24, 1, Stage::Asking));
        assert_eq!(evicted(&crowd, address(1)), Some(ClientId(50)));
    }
}
