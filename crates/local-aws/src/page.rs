//! The page at `GET /`: hosts, tasks, registrations, protection and a live time line, drawn from `/_world` and
//! `/_events`. One file without outside asset.

/// The page, `text/html; charset=utf-8`.
pub const HTML: &str = include_str!("page/index.html");

/// What the page may load: itself, and the two paths above. Goes into `content-security-policy`.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                          img-src data:; base-uri 'none'; form-action 'none'";

#[cfg(test)]
mod tests {
    use super::HTML;

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        // The one address in it is the name of SVG's namespace.
        let other: Vec<&str> = ["http://", "https://", "src=", "@import", "<link rel=\"stylesheet\""]
            .into_iter()
            .filter(|part| HTML.replace("http://www.w3.org/2000/svg", "").contains(part))
            .collect();
        assert!(other.is_empty(), "{other:?}");
    }

    #[test]
    fn what_comes_from_outside_is_shown_as_text_only() {
        for part in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            assert!(!HTML.contains(part), "{part}");
        }
    }

    #[test]
    fn the_page_is_for_light_and_dark_for_phones_and_for_screen_readers() {
        for part in
            ["prefers-color-scheme: dark", "width=device-width", "prefers-reduced-motion", "aria-live", "lang=\"en\""]
        {
            assert!(HTML.contains(part), "{part}");
        }
    }
}
