"""What attackers and unlucky people write. None of it may run, break the layout or turn the page around."""

from __future__ import annotations

from kener_py.demo.site import Job
from kener_py.demo.story import Story, Tale, Trouble, Window, identified, investigating, monitoring, resolved
from kener_py.model import DAY, HOUR, MINUTE, Instant, Severity, Status

JOBS = (
    Job("script", "<script>alert(1)</script>", "<img src=x onerror=alert(2)>",
        description='"><script>document.title="taken"</script>'),
    Job("markdown", "[x](javascript:alert(1)) **b** `c` | d", "<img src=x onerror=alert(2)>",
        description="# No heading\n\n- no list\n\n| no | table |\n|---|---|"),
    Job("override", "Invoice \u202efdp.exe", "Directions"),
    Job("isolates", "\u2067\u2068open for ever", "Directions", description="\u202e\u202bnever closed"),
    Job("arabic", "نسخ احتياطي لقاعدة البيانات (3/4)", "Directions", description="كل ليلة، الساعة 02:00."),
    Job("hebrew", "גיבוי יומי – server 12", "Directions", description="כל לילה."),
    Job("quotes", "Tom & Jerry's \"best\" <b>job</b> &amp; 'co'", "Quotes & ampersands <&>"),
    Job("emoji", "🚀🇩🇪👩‍👩‍👧‍👦 ❤️‍🔥", "🧪"),
    Job("zalgo", "Z" + "\u0301\u0327\u0308\u0333" * 40 + "algo", "🧪"),
    Job("template", "{{ 7 * 7 }} {% include 'icons.svg' %} ${HOME} %(name)s %s".replace("${", "$${"), "🧪"),
    Job("blank", "\u00a0\u2003\u3164", "🧪", description="Its name is made of blanks."),
    Job("long", "x" * 10_000, "Long", description="y" * 10_000),
    Job("wordy", "very " * 2_000, "Long " * 40, description="and so on " * 1_000),
)  # fmt: skip


def story(at: Instant, began: Instant) -> Story:
    tags = tuple(job.tag for job in JOBS)
    said = (
        investigating(1, "<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![i](//example.org/i.png)"),
        identified(9, "# One\n## Two\n\n" + "w" * 15_000),
        monitoring(19, "\u202e\u202e dne eht litnu\n\n> > > deep\n\n```\n</code></pre><b>\n```"),
    )
    return Story(
        began,
        at,
        troubles=(
            *(
                Trouble(
                    tag, at - (2 + n) * DAY, at - (2 + n) * DAY + 50 * MINUTE, Status.DOWN, "<b>" * 90, said
                )
                for n, tag in enumerate(tags)
            ),
            Trouble(tags[0], at - HOUR, None, Status.DOWN, "\u202e</p><script>alert(3)</script>", said),
        ),
        tales=(
            Tale(
                "<script>alert(1)</script> & \u202e\"'><img src=x onerror=alert(1)>",
                at - 5 * HOUR,
                tags,
                said,
            ),
            Tale("W" * 200, at - 30 * HOUR, tags, (*said, resolved(90, "z" * 20_000)), Severity.CRITICAL),
        ),
        windows=(
            Window(
                "[x](javascript:alert(1)) <b>",
                at - DAY,
                at - HOUR,
                at + HOUR,
                tags[2:4],
                "<i>" + "v" * 10_000,
            ),
            Window("\u202e" + "M" * 180, at - DAY, at + DAY, at + DAY + HOUR, tags, "`" * 500),
        ),
    )
