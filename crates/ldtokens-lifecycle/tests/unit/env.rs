use super::{value, with_value};

#[test]
fn only_the_value_changes_and_is_read_back() {
    for (before, after) in [
        ("", "LD=new\n"),
        ("A=1\n", "A=1\nLD=new\n"),
        ("A=1", "A=1\nLD=new\n"),
        ("A=1\r\nB=2", "A=1\r\nB=2\r\nLD=new\r\n"),
        ("LD=old\nA=1\n", "LD=new\nA=1\n"),
        ("\u{feff}LD=old\r\n", "\u{feff}LD=new\r\n"),
        ("\u{feff}# A\nLD=old", "\u{feff}# A\nLD=new"),
        ("# LD=no\n; LD=no\nLDX=1\nLD_2=1\n", "# LD=no\n; LD=no\nLDX=1\nLD_2=1\nLD=new\n"),
        ("\texport\tLD=\"old\" # why\r\nA=1\n", "\texport\tLD=\"new\" # why\r\nA=1\n"),
        ("LD = old\n", "LD = new\n"),
        ("LD\t=\t'old'\t# why\n", "LD\t=\t'new'\t# why\n"),
        ("LD=\n", "LD=new\n"),
        ("LD= # later\n", "LD=new # later\n"),
        ("LD=\"\"\n", "LD=\"new\"\n"),
        ("LD=old # rotated nightly\n", "LD=new # rotated nightly\n"),
        ("A='one\ntwo'\nLD=old\n", "A='one\ntwo'\nLD=new\n"),
        ("A=\"say \\\"x\\\"\"\nLD=old\n", "A=\"say \\\"x\\\"\"\nLD=new\n"),
        ("A=it\\'s\nB=\"it's\" # it's\nLD=old\n", "A=it\\'s\nB=\"it's\" # it's\nLD=new\n"),
        ("A=$(date)\nB=`date`\nLD=old\n", "A=$(date)\nB=`date`\nLD=new\n"),
        ("LD=old\nA=it's\n", "LD=new\nA=it's\n"),
    ] {
        let changed =
            with_value(before.as_bytes(), "LD", b"new").unwrap_or_else(|reason| panic!("{before:?}: {reason}"));
        assert_eq!(String::from_utf8(changed).unwrap(), after, "{before:?}");
        assert_eq!(value(after.as_bytes(), "LD").unwrap(), Some(&b"new"[..]), "{after:?}");
    }
    let binary = with_value(b"A=\xff\nLD=old\n", "LD", b"new").unwrap();
    assert_eq!(binary, b"A=\xff\nLD=new\n", "what is not UTF-8 is kept");
}

#[test]
fn a_file_that_its_readers_read_differently_is_refused() {
    for text in [
        "LD=a\nLD=b\n",
        "LD=a\nexport LD=b\n",
        "LD\n",
        "export LD\n",
        "LD: old\n",
        "LD+=old\n",
        "LD=two words\n",
        "LD=ol\"d\"\n",
        "LD=$(cat file)\n",
        "LD=`cat file`\n",
        "LD=\"old\n",
        "LD=\"o\\\"ld\"\n",
        "LD=\"old\"x\n",
        "LD='old'#x\n",
        "LD=old;A=1\n",
        "A=1 LD=old\n",
        "export A=1 LD=old\n",
        "A=\"one\nLD=old\n\"\n",
        "A=\"one\nLD=old\n",
        "A=\"one\n",
        "A=one\\\nLD=old\n",
        "A=it's\nLD=old\nB=it's\n",
        "DEBUG\nLD=old\n",
        "[section]\n# why\n\nLD=old\n",
        "export A\n",
        "# why\\\nLD=old\n",
        "A=it's\n",
        "A=$(cat <<END\nLD=old\nEND\n)\n",
        "A='one\ntwo' B='\nLD=old\n'\n",
        "A=one\\",
        "LD=old\0\n",
    ] {
        assert!(with_value(text.as_bytes(), "LD", b"new").is_err(), "{text:?}");
    }
}
