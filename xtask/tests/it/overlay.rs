//! Overlays.

use serde_json::json;
use xtask::Overlay;

#[test]
fn actions_merge_append_and_remove_in_order() {
    let overlay = Overlay::parse(
        r#"
        overlay: 1.0.0
        info: {title: t, version: "1"}
        actions:
          - target: $.a
            update: {x: 2, deep: {new: true}}
          - target: $.list
            update: 3
          - target: $.list[?@ == 1]
            remove: true
          - target: $.nowhere
            description: no more
            remove: true
        "#,
    )
    .unwrap();
    let mut document = json!({ "a": { "x": 1, "deep": { "old": true } }, "list": [1, 2, 1] });
    assert_eq!(overlay.apply(&mut document).unwrap(), ["$.nowhere: no more"]);
    assert_eq!(document, json!({ "a": { "x": 2, "deep": { "old": true, "new": true } }, "list": [2, 3] }));
}
