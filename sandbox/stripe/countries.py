"""The countries that the Checkout page offers: enough to try things out, by their ISO 3166 codes."""

_NAMES = """
AR Argentina; AU Australia; AT Austria; BH Bahrain; BD Bangladesh; BE Belgium; BA Bosnia & Herzegovina; BR Brazil;
BG Bulgaria; CA Canada; CL Chile; CO Colombia; HR Croatia; CY Cyprus; CZ Czechia; DK Denmark; EG Egypt; EE Estonia;
FI Finland; FR France; DE Germany; GR Greece; HU Hungary; IS Iceland; IN India; ID Indonesia; IQ Iraq; IE Ireland;
IL Israel; IT Italy; JP Japan; JO Jordan; KE Kenya; KW Kuwait; LV Latvia; LB Lebanon; LI Liechtenstein; LT Lithuania;
LU Luxembourg; MY Malaysia; MT Malta; MX Mexico; MA Morocco; NL Netherlands; NZ New Zealand; NG Nigeria; NO Norway;
OM Oman; PK Pakistan; PS Palestinian Territories; PH Philippines; PL Poland; PT Portugal; QA Qatar; RO Romania;
SA Saudi Arabia; RS Serbia; SG Singapore; SK Slovakia; SI Slovenia; ZA South Africa; KR South Korea; ES Spain;
SE Sweden; CH Switzerland; TH Thailand; TN Tunisia; TR Türkiye; UA Ukraine; AE United Arab Emirates;
GB United Kingdom; US United States; VN Vietnam
"""
COUNTRIES: dict[str, str] = {one.strip()[:2]: one.strip()[3:] for one in _NAMES.split(";")}
