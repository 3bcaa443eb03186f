# Makes the manual page londid.conf(5), on stdout, of londid.conf, whose comments document every key.
# Usage: awk -f manual.awk londid.conf
# Comments before a section's heading are the section's, those before a key are the key's and of the keys right behind it.

# A text as roff prints it: what stands in backquotes is bold, a dash can be copied, no line begins with a macro.
function escaped(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    gsub(/"/, "\\(dq", text)
    gsub(/'/, "\\(aq", text)
    while (sub(/`/, "\\fB", text)) sub(/`/, "\\fR", text)
    return text
}

# Prints a paragraph in lines of at most 78 characters.
function fill(text,    words, count, line, i) {
    count = split(escaped(text), words, " ")
    line = words[1]
    for (i = 2; i <= count; i++) {
        if (length(line) + 1 + length(words[i]) > 78) {
            show(line)
            line = words[i]
        } else line = line " " words[i]
    }
    if (count > 0) show(line)
}

function show(line) { print (line ~ /^\./ ? "\\&" : "") line }

# Prints the keys that are waiting for their description's end.
function flush_keys(    i) {
    for (i = 1; i <= keys; i++) {
        print (i == 1 ? ".TP" : ".TQ")
        print ".B " escaped(key[i])
    }
    if (keys > 0) fill(description == "" ? "As above." : description)
    keys = 0
    description = ""
}

BEGIN {
    print ".TH LONDID.CONF 5 2026-11-24 Londi"
    print ".SH NAME"
    print "londid.conf \\- settings of londid for one machine"
    print ".SH SYNOPSIS"
    print ".B /etc/londi/londid.conf"
    print ".br"
    print ".B $XDG_CONFIG_HOME/londi/londid.conf"
    print ".SH DESCRIPTION"
}

/^#?\[/ {
    flush_keys()
    sub(/^#/, "")
    # What stands before the first section is about the whole file.
    if (!begun) fill(text)
    print ".SH \"" escaped($0) "\""
    if (begun) fill(text)
    begun = 1
    text = ""
    next
}

/^#?[A-Z][A-Za-z0-9]*=/ {
    sub(/^#/, "")
    if (text != "") {
        flush_keys()
        description = text
        text = ""
    }
    key[++keys] = $0
    next
}

/^#/ {
    if (text == "") flush_keys()
    sub(/^# ?/, "")
    text = text (text == "" ? "" : " ") $0
    next
}

END {
    flush_keys()
    print ".SH \"SEE ALSO\""
    print ".BR londictl (1),"
    print ".BR londid (8)"
}
