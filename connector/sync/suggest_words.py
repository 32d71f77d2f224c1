"""The words by which a draft of a mapping knows headings, languages and roles; a new language is added here."""

# How headings name each field, in small letters without blanks and signs: English, German, French, Spanish, Arabic.
KNOWN: dict[str, str] = {
    "number": (
        "memberno membernumber membershipnumber no id number mitgliedsnummer mitgliedsnr mitgliednr nr n nº "
        "numero numérodadhérent numérodemembre "
        "númerodesocio رقم الرقم رقمالعضو رقمالعضوية"
    ),
    "full_name": (
        "name fullname wholename vollername vorundnachname nomcomplet nomprénom nometprénom nombrecompleto "
        "nombreyapellidos الاسمالكامل"
    ),
    "first_name": "firstname givenname forename vorname prénom nombre الاسم الاسمالأول",
    "last_name": (
        "lastname surname familyname nachname familienname nomdefamille nom apellido apellidos اسمالعائلة العائلة"
    ),
    "email_primary.email": (
        "email emailaddress mail courriel adressemail correo correoelectrónico البريدالإلكتروني بريد"
    ),
    "phone_primary.phone": (
        "phone mobile mobilephone cell cellphone telephone telefon telefonnummer handy handynummer mobil "
        "téléphone téléphoneportable numérodetéléphone portable teléfono teléfonomóvil móvil الهاتف الجوال رقمالهاتف"
    ),
    "address_primary.street_address": (
        "street address streetaddress straße straßeundhausnummer adresse rue calle dirección العنوان الشارع"
    ),
    "address_primary.city": "city town ort stadt wohnort ville ciudad المدينة",
    "address_primary.postal_code": "postcode postalcode zip zipcode plz codepostal códigopostal الرمزالبريدي",
    "address_primary.country_id:name": "country land pays país الدولة البلد",
    "preferred_language": "language sprache langue idioma اللغة",
    "chapter": "chapter chaptercode group gruppe groupe grupo ortsgruppe المجموعة الفرع",
    "role": "role rolle rôle rol function funktion الدور",
    "Solidarity_Member.Joined_On": (
        "joined joinedon membersince datejoined beitritt beigetreten eintritt eintrittsdatum mitgliedseit adhésion "
        "membredepuis dateadhésion alta fechadealta miembrodesde تاريخالانضمام"
    ),
}
LANGUAGES = {
    **dict.fromkeys(("en", "english", "englisch", "anglais", "inglés"), "en_US"),
    **dict.fromkeys(("ar", "arabic", "arabisch", "arabe", "árabe", "العربية"), "ar_EG"),
    **dict.fromkeys(("de", "german", "deutsch", "allemand", "alemán"), "de_DE"),
    **dict.fromkeys(("fr", "french", "französisch", "français", "francés"), "fr_FR"),
    **dict.fromkeys(("es", "spanish", "spanisch", "espagnol", "español"), "es_ES"),
}
ROLES = {
    **dict.fromkeys(("member", "mitglied", "membre", "miembro", "عضو"), "Chapter_Member"),
    **dict.fromkeys(("coordinator", "koordination", "coordinateur", "coordinadora", "منسق"), "Chapter_Coordinator"),
}
