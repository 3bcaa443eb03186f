/// How the report looks: light and dark, on a phone and on paper. Nothing of it comes from elsewhere.
enum ReportStyle {
    /// The colours of queues come round again after six.
    static func series(_ index: Int) -> String { "s\(index % 6)" }

    /// Colours that people who confuse some of them can tell apart.
    /// - Source: Okabe and Ito 2008, the colours, each a little darker on white and lighter on black.
    static let css = """
        :root { color-scheme: light dark; --page: #ffffff; --card: #f6f7f9; --ink: #1b1f24; --soft: #555d68; --line: #d4d9e0;
          --c0: #0b66b0; --c1: #b3530a; --c2: #0a7d5a; --c3: #97700a; --c4: #a0458a; --c5: #6b7480; --on: #ffffff; }
        @media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1d2126; --ink: #e8ebef; --soft: #a6afba;
          --line: #3a424c; --c0: #62b0ee; --c1: #f08a3c; --c2: #3cc79b; --c3: #e6bd4a; --c4: #dd8cc9; --c5: #9aa4b0; --on: #10151a; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--page); color: var(--ink);
          font: 16px/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.6rem; margin: 0.5rem 0; } h2 { font-size: 1.2rem; margin: 0 0 0.5rem; } h3 { font-size: 1rem; margin: 1rem 0 0.25rem; }
        p { margin: 0.25rem 0; } .note, .unit { color: var(--soft); }
        .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.75rem; margin: 1rem 0; padding: 0; }
        .cards li { background: var(--card); border-radius: 0.5rem; padding: 0.75rem; list-style: none; }
        .cards span { display: block; color: var(--soft); font-size: 0.875rem; } .cards strong { font-size: 1.4rem; font-weight: 400; }
        .grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1rem; margin-bottom: 1rem; }
        section { background: var(--card); border-radius: 0.5rem; padding: 1rem; min-width: 0; margin-bottom: 1rem; }
        .grid2 section { margin-bottom: 0; }
        svg { display: block; width: 100%; height: auto; font: 13px system-ui, sans-serif; }
        svg text { fill: var(--ink); } svg .unit { fill: var(--soft); } svg text.on { fill: var(--on); }
        .grid { stroke: var(--line); } .line { fill: none; stroke-width: 2; }
        .s0 { fill: var(--c0); background: var(--c0); } .s1 { fill: var(--c1); background: var(--c1); }
        .s2 { fill: var(--c2); background: var(--c2); } .s3 { fill: var(--c3); background: var(--c3); }
        .s4 { fill: var(--c4); background: var(--c4); } .s5 { fill: var(--c5); background: var(--c5); }
        .l0 { stroke: var(--c0); } .l1 { stroke: var(--c1); stroke-dasharray: 6 3; } .interval { stroke: var(--soft); stroke-width: 1; }
        .limit { stroke: var(--ink); stroke-dasharray: 3 4; } .heat { fill: var(--c0); }
        .legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; list-style: none; margin: 0.5rem 0; padding: 0; font-size: 0.875rem; }
        .swatch { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em; border-radius: 2px; }
        .swatch.limit { border-top: 3px dotted var(--ink); border-radius: 0; height: 0; vertical-align: middle; }
        details { margin-top: 0.5rem; } summary { cursor: pointer; min-height: 1.75rem; }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
        th, td { padding: 0.25rem 1.25rem 0.25rem 0; text-align: left; border-top: 1px solid var(--line); white-space: nowrap; }
        thead th { border-top: 0; } th[scope=row] { font-weight: 600; } .n { text-align: right; font-variant-numeric: tabular-nums; }
        pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.25rem 0; font-size: 0.8125rem; }
        code { overflow-wrap: anywhere; } .bad { color: var(--c1); font-weight: 600; }
        a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--c0); outline-offset: 2px; }
        @media screen and (max-width: 34rem) { svg { font-size: 18px; } }
        @media print { :root { --page: #ffffff; --card: #ffffff; --ink: #000000; --soft: #333333; --line: #bbbbbb;
          --c0: #0b66b0; --c1: #b3530a; --c2: #0a7d5a; --c3: #97700a; --c4: #a0458a; --c5: #6b7480; --on: #ffffff; }
          body { max-width: none; padding: 0; font-size: 11pt; print-color-adjust: exact; } section { break-inside: avoid; padding: 0.25rem 0; }
          .grid2 { grid-template-columns: 1fr 1fr; } .cards { grid-template-columns: repeat(6, 1fr); gap: 0; } .cards li { padding: 0; }
          .scroll { overflow: visible; } table { font-size: 8pt; } th, td { white-space: normal; padding-right: 0.5rem; } }
        """
}
