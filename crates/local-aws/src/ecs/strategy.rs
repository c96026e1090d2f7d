//! Which capacity provider of a strategy the next task goes to.
//!
//! As documented for CapacityProviderStrategyItem: bases are filled first; what comes after is shared by weight; a
//! provider without weight gets nothing beyond its base.

use std::collections::BTreeMap;

use super::requests::StrategyItem;

/// The provider of the next task, where `there` says how many each has already. None without any weight.
#[must_use]
pub fn next<'a>(items: &'a [StrategyItem], there: &BTreeMap<String, usize>) -> Option<&'a str> {
    if items.iter().all(|item| item.weight <= 0) {
        return None;
    }
    let has = |item: &StrategyItem| there.get(&item.capacity_provider).copied().unwrap_or(0);
    let base = |item: &StrategyItem| usize::try_from(item.base).unwrap_or(usize::MAX);
    let short = items.iter().find(|item| has(item) < base(item));
    // Whose share would be the smallest with one more: compared as fractions, (beyond + 1) / weight.
    let share = |item: &StrategyItem| {
        (has(item).saturating_sub(base(item)) as u64 + 1, u64::try_from(item.weight).unwrap_or(0))
    };
    let weighed = items.iter().filter(|item| item.weight > 0);
    let least = weighed.min_by(|one, other| {
        let ((one, its_weight), (other, weight)) = (share(one), share(other));
        one.saturating_mul(weight).cmp(&other.saturating_mul(its_weight))
    });
    short.or(least).map(|item| item.capacity_provider.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(name: &str, base: i32, weight: i32) -> StrategyItem {
        StrategyItem { capacity_provider: name.to_owned(), weight, base }
    }

    fn spread(items: &[StrategyItem], count: usize) -> BTreeMap<String, usize> {
        let mut there = BTreeMap::new();
        for _ in 0..count {
            let name = next(items, &there).expect("a provider").to_owned();
            *there.entry(name).or_default() += 1;
        }
        there
    }

    #[test]
    fn the_base_is_filled_first_and_the_rest_shared_by_weight() {
        let items = [item("a", 2, 1), item("b", 0, 3)];
        assert_eq!(spread(&items, 2), [("a".to_owned(), 2)].into());
        assert_eq!(spread(&items, 6), [("a".to_owned(), 3), ("b".to_owned(), 3)].into());
        assert_eq!(spread(&items, 10), [("a".to_owned(), 4), ("b".to_owned(), 6)].into());
    }

    #[test]
    fn a_strategy_without_any_weight_places_nothing() {
        assert_eq!(next(&[item("a", 1, 0)], &BTreeMap::new()), None);
        assert_eq!(next(&[], &BTreeMap::new()), None);
    }

    proptest! {
        #[test]
        fn every_provider_gets_at_least_the_whole_tasks_that_its_weight_is_worth(
            weights in proptest::collection::vec(1i32..1000, 1..20), count in 1usize..100
        ) {
            let items: Vec<StrategyItem> =
                weights.iter().enumerate().map(|(number, weight)| item(&number.to_string(), 0, *weight)).collect();
            let there = spread(&items, count);
            let total: i32 = weights.iter().sum();
            for item in &items {
                let got = there.get(&item.capacity_provider).copied().unwrap_or(0);
                prop_assert!(got >= count * item.weight as usize / total as usize);
            }
            prop_assert_eq!(there.values().sum::<usize>(), count);
        }
    }
}
