//! From words to a [`Query`].

use super::words::{Word, Words};
use super::{LONGEST, Order, Query, Subject, Test};

/// How deep parentheses and `not` may go. AWS documents no limit.
const DEEPEST: usize = 32;

/// Why an expression is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Too long.
    #[error("an expression has at most {LONGEST} characters")]
    Long,
    /// Too deep.
    #[error("parentheses go deeper than {DEEPEST}")]
    Deep,
    /// It ends too early.
    #[error("the expression ends where more is expected")]
    Ends,
    /// A list or parenthesis that is not closed.
    #[error("a list or a parenthesis is not closed")]
    Unclosed,
    /// Something that does not belong there.
    #[error("unexpected {0:?}")]
    Unexpected(String),
    /// No such subject.
    #[error("{0:?} is no subject")]
    Subject(String),
    /// The subject cannot be compared so.
    #[error("{0:?} is no operator of this subject")]
    Operator(String),
    /// The argument is none for this comparison.
    #[error("{0:?} is no argument of this comparison")]
    Argument(String),
}

pub(super) fn read(text: &str) -> Result<Query, Invalid> {
    if text.chars().count() > LONGEST {
        return Err(Invalid::Long);
    }
    let mut words = Words::of(text);
    let query = any(&mut words, 0)?;
    match words.next()? {
        None => Ok(query),
        Some(word) => Err(unexpected(&word)),
    }
}

/// `or` binds least.
fn any(words: &mut Words<'_>, depth: usize) -> Result<Query, Invalid> {
    let mut parts = vec![all(words, depth)?];
    while words.peek()? == Some(Word::Or) {
        words.next()?;
        parts.push(all(words, depth)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Query::Or(parts) })
}

fn all(words: &mut Words<'_>, depth: usize) -> Result<Query, Invalid> {
    let mut parts = vec![one(words, depth)?];
    while words.peek()? == Some(Word::And) {
        words.next()?;
        parts.push(one(words, depth)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Query::And(parts) })
}

fn one(words: &mut Words<'_>, depth: usize) -> Result<Query, Invalid> {
    if depth > DEEPEST {
        return Err(Invalid::Deep);
    }
    match words.next()?.ok_or(Invalid::Ends)? {
        Word::Not => Ok(Query::Not(Box::new(one(words, depth + 1)?))),
        Word::Open => {
            let inner = any(words, depth + 1)?;
            match words.next()? {
                Some(Word::Close) => Ok(inner),
                Some(word) => Err(unexpected(&word)),
                None => Err(Invalid::Unclosed),
            }
        }
        Word::Plain(name) => comparison(subject(name)?, words),
        word @ (Word::Close | Word::And | Word::Or | Word::Operator(_) | Word::List(_) | Word::Quoted(_)) => {
            Err(unexpected(&word))
        }
    }
}

fn subject(name: &str) -> Result<Subject, Invalid> {
    Ok(match name {
        "agentConnected" => Subject::AgentConnected,
        "agentVersion" => Subject::AgentVersion,
        "ec2InstanceId" => Subject::Ec2InstanceId,
        "registeredAt" => Subject::RegisteredAt,
        "runningTasksCount" => Subject::RunningTasksCount,
        "task:group" => Subject::TaskGroup,
        other => match other.strip_prefix("attribute:") {
            Some(name) if !name.is_empty() => Subject::Attribute(name.to_owned()),
            Some(_) | None => return Err(Invalid::Subject(other.to_owned())),
        },
    })
}

fn comparison(subject: Subject, words: &mut Words<'_>) -> Result<Query, Invalid> {
    let operator = match words.next()?.ok_or(Invalid::Ends)? {
        Word::Operator(sign) => sign,
        Word::Plain(name) => name,
        word @ (Word::Open | Word::Close | Word::And | Word::Or | Word::Not | Word::List(_) | Word::Quoted(_)) => {
            return Err(unexpected(&word));
        }
    };
    let (test, turned) = match operator {
        "exists" => (existence(&subject, operator)?, false),
        "not_exists" => (existence(&subject, operator)?, true),
        "==" | "equals" => (equal(&subject, words)?, false),
        "!=" | "not_equals" => (equal(&subject, words)?, true),
        "in" => (within(&subject, operator, words)?, false),
        "not_in" => (within(&subject, operator, words)?, true),
        "=~" | "matches" => (pattern(&subject, operator, words)?, false),
        "!~" | "not_matches" => (pattern(&subject, operator, words)?, true),
        ">" | "greater_than" => (order(&subject, operator, Order::Greater, words)?, false),
        ">=" | "greater_than_equal" => (order(&subject, operator, Order::GreaterOrEqual, words)?, false),
        "<" | "less_than" => (order(&subject, operator, Order::Less, words)?, false),
        "<=" | "less_than_equal" => (order(&subject, operator, Order::LessOrEqual, words)?, false),
        other => return Err(Invalid::Operator(other.to_owned())),
    };
    let is = Query::Is(subject, test);
    Ok(if turned { Query::Not(Box::new(is)) } else { is })
}

fn existence(subject: &Subject, operator: &str) -> Result<Test, Invalid> {
    match subject {
        Subject::Attribute(_) => Ok(Test::Exists),
        Subject::AgentConnected
        | Subject::AgentVersion
        | Subject::Ec2InstanceId
        | Subject::RegisteredAt
        | Subject::RunningTasksCount
        | Subject::TaskGroup => Err(Invalid::Operator(operator.to_owned())),
    }
}

/// Every subject can be compared for equality.
fn equal(subject: &Subject, words: &mut Words<'_>) -> Result<Test, Invalid> {
    match subject {
        Subject::AgentConnected | Subject::Attribute(_) | Subject::Ec2InstanceId | Subject::TaskGroup => {
            Ok(Test::OneOf(vec![argument(words)?.to_owned()]))
        }
        Subject::AgentVersion | Subject::RegisteredAt | Subject::RunningTasksCount => {
            order(subject, "==", Order::Equal, words)
        }
    }
}

fn words_only(subject: &Subject, operator: &str) -> Result<(), Invalid> {
    match subject {
        Subject::AgentConnected | Subject::Attribute(_) | Subject::Ec2InstanceId | Subject::TaskGroup => Ok(()),
        Subject::AgentVersion | Subject::RegisteredAt | Subject::RunningTasksCount => {
            Err(Invalid::Operator(operator.to_owned()))
        }
    }
}

fn within(subject: &Subject, operator: &str, words: &mut Words<'_>) -> Result<Test, Invalid> {
    words_only(subject, operator)?;
    match words.next()?.ok_or(Invalid::Ends)? {
        Word::List(list) if list.iter().all(|word| !word.is_empty()) => {
            Ok(Test::OneOf(list.into_iter().map(str::to_owned).collect()))
        }
        word @ (Word::List(_)
        | Word::Open
        | Word::Close
        | Word::And
        | Word::Or
        | Word::Not
        | Word::Operator(_)
        | Word::Plain(_)
        | Word::Quoted(_)) => Err(unexpected(&word)),
    }
}

fn pattern(subject: &Subject, operator: &str, words: &mut Words<'_>) -> Result<Test, Invalid> {
    words_only(subject, operator)?;
    let written = words.pattern()?;
    let bad = || Invalid::Argument(written.to_owned());
    if written.is_empty() {
        return Err(Invalid::Ends);
    }
    // Alone first: `a)(b` is none, although it would be one between the parentheses.
    regex_lite::Regex::new(written).map_err(|_| bad())?;
    regex_lite::Regex::new(&format!("^(?:{written})$")).map(Test::Matches).map_err(|_| bad())
}

fn order(subject: &Subject, operator: &str, order: Order, words: &mut Words<'_>) -> Result<Test, Invalid> {
    match subject {
        Subject::RunningTasksCount => {
            let written = argument(words)?;
            let count: u32 = written.parse().map_err(|_| Invalid::Argument(written.to_owned()))?;
            Ok(Test::Number(order, i64::from(count)))
        }
        Subject::RegisteredAt => {
            let written = argument(words)?;
            let seconds = date(written).ok_or_else(|| Invalid::Argument(written.to_owned()))?;
            Ok(Test::Number(order, seconds))
        }
        Subject::AgentVersion => {
            let written = argument(words)?;
            Ok(Test::Version(order, version(written).ok_or_else(|| Invalid::Argument(written.to_owned()))?))
        }
        Subject::AgentConnected | Subject::Attribute(_) | Subject::Ec2InstanceId | Subject::TaskGroup => {
            Err(Invalid::Operator(operator.to_owned()))
        }
    }
}

fn argument<'a>(words: &mut Words<'a>) -> Result<&'a str, Invalid> {
    match words.next()?.ok_or(Invalid::Ends)? {
        Word::Plain(word) | Word::Quoted(word) => Ok(word),
        word @ (Word::Open | Word::Close | Word::And | Word::Or | Word::Not | Word::Operator(_) | Word::List(_)) => {
            Err(unexpected(&word))
        }
    }
}

/// `2018-06-18T22:28:28+00:00`, `…Z`, without a zone, or only the day, as the guide lists them.
fn date(written: &str) -> Option<i64> {
    if let Ok(time) = written.parse::<jiff::Timestamp>() {
        return Some(time.as_second());
    }
    let civil = written.parse::<jiff::civil::DateTime>().ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|time| time.timestamp().as_second())
}

/// `1.105.1`.
pub(super) fn version(written: &str) -> Option<Vec<u64>> {
    written.split('.').map(|part| part.parse().ok()).collect()
}

fn unexpected(word: &Word<'_>) -> Invalid {
    Invalid::Unexpected(match word {
        Word::Open => "(".to_owned(),
        Word::Close => ")".to_owned(),
        Word::And => "and".to_owned(),
        Word::Or => "or".to_owned(),
        Word::Not => "not".to_owned(),
        Word::Operator(sign) => (*sign).to_owned(),
        Word::List(list) => format!("[{}]", list.join(", ")),
        Word::Plain(word) | Word::Quoted(word) => (*word).to_owned(),
    })
}
