"""What the frame of an alert's mail says in each language. What stands inside it is the staff's (message templates)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Words:
    """The frame in one language.

    kinds: what an alert of each kind is called above the heading. act, page: what the button and the link to the
    member's own page say when the template says nothing. The rest stands at the foot; {…} there is a link's own words.
    """

    language: str
    kinds: Mapping[str, str]
    act: str
    page: str
    why: str
    leave: str
    leave_does: str
    never: str
    never_does: str
    personal: str
    direction: str = "ltr"
    fonts: str = field(
        default="system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Helvetica, Arial, sans-serif"
    )


WORDS: Mapping[str, Words] = {
    "en": Words(
        language="en",
        kinds={
            "incident": "Urgent alert",
            "demolition": "Demolition alert",
            "legislation": "Call to act",
            "briefing": "Briefing",
            "meeting": "Invitation",
        },
        act="Act now",
        page="Your page for this alert",
        why="You get this mail because you are on a mailing list of our solidarity network or of one of its chapters.",
        leave="Leave this list",
        leave_does="You get no more mail from this list. You stay in the network.",
        never="No more mailings at all",
        never_does="The network sends you no mailing again, from any list.",
        personal="The links in this mail are yours alone. Please pass on what it says, but do not forward the mail.",
    ),
    "ar": Words(
        language="ar",
        kinds={
            "incident": "تنبيه عاجل",
            "demolition": "تنبيه بشأن هدم",
            "legislation": "دعوة إلى التحرك",
            "briefing": "إحاطة",
            "meeting": "دعوة",
        },
        act="تحرّك الآن",
        page="صفحتك الخاصة بهذا التنبيه",
        why="تصلك هذه الرسالة لأن عنوانك مسجّل في القائمة البريدية لشبكتنا التضامنية أو لإحدى مجموعاتها.",
        leave="مغادرة هذه القائمة",
        leave_does="لن تصلك بعدها الرسائل الموجّهة إلى هذه القائمة، وتبقى عضويتك في الشبكة قائمة.",
        never="إيقاف جميع الرسائل البريدية",
        never_does="لن ترسل إليك الشبكة بعد ذلك أي رسالة من أي قائمة بريدية.",
        personal=(
            "الروابط في هذه الرسالة خاصة بك وحدك. يمكنك نقل مضمونها إلى غيرك، ولكن نرجو عدم إعادة توجيه الرسالة نفسها."
        ),
        direction="rtl",
        fonts="'Noto Naskh Arabic', 'Geeza Pro', 'Segoe UI', 'Noto Sans Arabic', Tahoma, Arial, sans-serif",
    ),
    "de": Words(
        language="de",
        kinds={
            "incident": "Eilmeldung",
            "demolition": "Abriss-Warnung",
            "legislation": "Aufruf zum Handeln",
            "briefing": "Lagebericht",
            "meeting": "Einladung",
        },
        act="Jetzt handeln",
        page="Ihre Seite zu diesem Aufruf",
        why=(
            "Sie erhalten diese Mail, weil Sie auf der Mailingliste unseres Solidaritätsnetzwerks oder einer seiner "
            "Gruppen stehen."
        ),
        leave="Diese Liste verlassen",
        leave_does="Sie erhalten keine Mails mehr, die an diese Liste gehen. Sie bleiben im Netzwerk.",
        never="Gar keine Rundmails mehr",
        never_does="Das Netzwerk schickt Ihnen keine Rundmails mehr, über keine Liste.",
        personal=(
            "Die Links in dieser Mail gehören nur Ihnen. Bitte erzählen Sie weiter, was darin steht, aber leiten Sie "
            "die Mail nicht weiter."
        ),
    ),
    "fr": Words(
        language="fr",
        kinds={
            "incident": "Alerte urgente",
            "demolition": "Alerte démolition",
            "legislation": "Appel à agir",
            "briefing": "Point de situation",
            "meeting": "Invitation",
        },
        act="Agir maintenant",
        page="Votre page pour cette alerte",
        why=(
            "Vous recevez ce message parce que vous êtes inscrit·e à la liste de diffusion de notre réseau de "
            "solidarité ou de l’un de ses groupes."
        ),
        leave="Quitter cette liste",
        leave_does="Vous ne recevrez plus les messages envoyés à cette liste. Vous restez membre du réseau.",
        never="Ne plus rien recevoir",
        never_does="Le réseau ne vous enverra plus aucun message, quelle que soit la liste.",
        personal=(
            "Les liens de ce message n’appartiennent qu’à vous. Faites connaître ce qu’il dit, mais merci de ne pas "
            "le transférer."
        ),
    ),
    "es": Words(
        language="es",
        kinds={
            "incident": "Alerta urgente",
            "demolition": "Alerta de demolición",
            "legislation": "Llamada a actuar",
            "briefing": "Informe de situación",
            "meeting": "Invitación",
        },
        act="Actuar ahora",
        page="Su página para esta alerta",
        why=(
            "Recibe este mensaje porque su dirección figura en la lista de correo de nuestra red de solidaridad o de "
            "uno de sus grupos."
        ),
        leave="Salir de esta lista",
        leave_does="Ya no recibirá los mensajes enviados a esta lista. Seguirá formando parte de la red.",
        never="No recibir nada más",
        never_does="La red no le enviará más mensajes de ninguna lista.",
        personal=(
            "Los enlaces de este mensaje son solo suyos. Cuente a otras personas lo que dice, pero, por favor, no lo "
            "reenvíe."
        ),
    ),
}


def words(language: str) -> Words:
    """The frame in a language, or in English where it has not been put into that one."""
    return WORDS.get(language, WORDS["en"])
