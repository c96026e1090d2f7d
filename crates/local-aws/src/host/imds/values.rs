//! What instance metadata says of a host, by path (EC2 user guide, "instance metadata categories"). Of the paths that
//! announce something, those that have nothing to announce do not exist.

use std::time::SystemTime;

use serde_json::json;

use crate::views::HostView;

/// What every host is: the size that [`crate::world::settings::Settings`] gives to hosts.
pub(crate) const INSTANCE_TYPE: &str = "t3.micro";

/// What every host was made of.
pub(crate) const IMAGE: &str = "ami-0123456789abcdef0";

/// The value at a path; none where there is nothing.
pub(super) fn value(host: &HostView, path: &str) -> Option<String> {
    match path {
        "/latest" | "/latest/" => Some("dynamic\nmeta-data".to_owned()),
        "/latest/dynamic" | "/latest/dynamic/" => Some("instance-identity/".to_owned()),
        "/latest/dynamic/instance-identity" | "/latest/dynamic/instance-identity/" => Some("document".to_owned()),
        "/latest/dynamic/instance-identity/document" => Some(identity(host)),
        "/latest/meta-data" => metadata(host, ""),
        _ => metadata(host, path.strip_prefix("/latest/meta-data/")?),
    }
}

fn metadata(host: &HostView, path: &str) -> Option<String> {
    match path {
        "" => Some(listing(&[
            ("ami-id", true),
            ("autoscaling/", host.target_lifecycle_state.is_some()),
            ("events/", host.rebalance_notice.is_some()),
            ("hostname", true),
            ("instance-id", true),
            ("instance-life-cycle", true),
            ("instance-type", true),
            ("local-hostname", true),
            ("local-ipv4", true),
            ("mac", true),
            ("placement/", true),
            ("spot/", host.spot_notice.is_some()),
        ])),
        "ami-id" => Some(IMAGE.to_owned()),
        "autoscaling/" => host.target_lifecycle_state.as_ref().map(|_| "target-lifecycle-state".to_owned()),
        "autoscaling/target-lifecycle-state" => host.target_lifecycle_state.clone(),
        "events/" => host.rebalance_notice.map(|_| "recommendations/".to_owned()),
        "events/recommendations/" => host.rebalance_notice.map(|_| "rebalance".to_owned()),
        "events/recommendations/rebalance" => {
            host.rebalance_notice.and_then(seconds).map(|at| json!({ "noticeTime": at }).to_string())
        }
        "hostname" | "local-hostname" => Some(host_name(host)),
        "instance-id" => Some(host.instance_id.clone()),
        "instance-life-cycle" => Some(if host.spot { "spot" } else { "on-demand" }.to_owned()),
        "instance-type" => Some(INSTANCE_TYPE.to_owned()),
        "local-ipv4" => Some(host.address.to_string()),
        "mac" => Some(mac(host)),
        "placement/" => Some("availability-zone\nregion".to_owned()),
        "placement/availability-zone" => Some(host.availability_zone.clone()),
        "placement/region" => Some(host.region.clone()),
        "spot/" => host
            .spot_notice
            .map(|(action, _)| listing(&[("instance-action", true), ("termination-time", action == "terminate")])),
        "spot/instance-action" => {
            let (action, at) = host.spot_notice?;
            Some(json!({ "action": action, "time": seconds(at)? }).to_string())
        }
        "spot/termination-time" => {
            host.spot_notice.filter(|(action, _)| *action == "terminate").and_then(|(_, at)| seconds(at))
        }
        _ => None,
    }
}

fn listing(entries: &[(&'static str, bool)]) -> String {
    let there: Vec<&str> = entries.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
    there.join("\n")
}

/// The instance identity document, with the fields of EC2's user guide.
fn identity(host: &HostView) -> String {
    let document = json!({
        "accountId": host.account,
        "architecture": "x86_64",
        "availabilityZone": host.availability_zone,
        "billingProducts": null,
        "devpayProductCodes": null,
        "marketplaceProductCodes": null,
        "imageId": IMAGE,
        "instanceId": host.instance_id,
        "instanceType": INSTANCE_TYPE,
        "kernelId": null,
        "pendingTime": seconds(host.launched_at),
        "privateIp": host.address.to_string(),
        "ramdiskId": null,
        "region": host.region,
        "version": "2017-09-30",
    });
    format!("{document:#}")
}

/// The name of type "IP name": `ip-10-0-1-1.eu-west-1.compute.internal`.
fn host_name(host: &HostView) -> String {
    let domain = match host.region.as_str() {
        "us-east-1" => "ec2.internal".to_owned(),
        region => format!("{region}.compute.internal"),
    };
    format!("ip-{}.{domain}", host.address.to_string().replace('.', "-"))
}

/// A locally administered address, of the IP address.
fn mac(host: &HostView) -> String {
    let [a, b, c, d] = host.address.octets();
    format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

/// `2026-06-01T10:00:00Z`.
fn seconds(time: SystemTime) -> Option<String> {
    jiff::Timestamp::try_from(time).ok().map(|time| format!("{time:.0}"))
}
