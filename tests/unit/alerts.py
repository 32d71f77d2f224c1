"""Alerts and templates for the tests of letters and consent. Everybody and everything in them is invented."""

from connector import alert_templates
from connector.alerts.activities import Alert, Version
from connector.settings import SHIPPED_MAPPINGS

TEMPLATES = alert_templates.load(SHIPPED_MAPPINGS / "alert_templates.toml")
PAGE = "https://connector.example.org/act/7"
ENGLISH = Version(
    "en",
    "Settlers came into Ras al-Auja at night",
    "<p>At two in the morning about <b>thirty settlers</b> came with clubs and drove off forty sheep. Two shepherds "
    "were hurt. The protectors were there, filmed and called the police, who came after an hour.</p>"
    "<blockquote><p>We will not leave. Tell people what you have seen.</p></blockquote>"
    '<p>Families ask for three things:</p><ul><li>a call to your <a href="https://example.org/officials">representative'
    "</a>,</li><li>a letter to a newspaper,</li><li>people who come and stay.</li></ul>",
    "Call your representative today and ask for one sentence in public: the attacks on Ras al-Auja must end.\n\n"
    "It takes three minutes. You need not be an expert.",
)
ARABIC = Version(
    "ar",
    "مستوطنون دخلوا رأس العوجا ليلًا",
    "<p>في الساعة الثانية فجرًا دخل نحو <b>ثلاثين مستوطنًا</b> يحملون الهراوات وساقوا أربعين رأسًا من الغنم، "
    "وأُصيب راعيان. كان المتطوعون هناك ووثّقوا ما جرى واتصلوا بالشرطة التي وصلت بعد ساعة.</p>"
    "<blockquote><p>لن نرحل. أخبروا الناس بما رأيتم.</p></blockquote>",
    "اتصل اليوم بمن يمثّلك واطلب منه جملة واحدة علنًا: يجب أن تتوقف الاعتداءات على رأس العوجا.\n\n"
    "لن يستغرق ذلك أكثر من ثلاث دقائق.",
)


def alert(*versions: Version, **values: object) -> Alert:
    """An incident with a place, a time and a link."""
    usual: dict[str, object] = {
        "kind": "incident",
        "place": "Ras al-Auja, South Jordan Valley",
        "happened": "14 November 2026, 2 a.m.",
        "ask_link": "https://example.org/call?from=mail&about=ras-al-auja",
    }
    return Alert(
        id=7,
        author=3,
        community="ras_al_auja",
        versions=versions or (ENGLISH,),
        audience=(9,),
        **{**usual, **values},  # type: ignore[arg-type]
    )
