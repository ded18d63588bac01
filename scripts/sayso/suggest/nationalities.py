"""Words for people and things of a country, by its ISO 3166 code: English adjectives that gazetteers leave out."""

ADJECTIVES: dict[str, str] = {
    "Afghan": "AF", "Albanian": "AL", "Algerian": "DZ", "American": "US", "Argentine": "AR", "Armenian": "AM",
    "Australian": "AU", "Austrian": "AT", "Azerbaijani": "AZ", "Bahraini": "BH", "Bangladeshi": "BD",
    "Belarusian": "BY", "Belgian": "BE", "Bosnian": "BA", "Brazilian": "BR", "British": "GB", "Bulgarian": "BG",
    "Burmese": "MM", "Cambodian": "KH", "Cameroonian": "CM", "Canadian": "CA", "Chadian": "TD", "Chilean": "CL",
    "Chinese": "CN", "Colombian": "CO", "Congolese": "CD", "Croatian": "HR", "Cuban": "CU", "Czech": "CZ",
    "Danish": "DK", "Dutch": "NL", "Egyptian": "EG", "Eritrean": "ER", "Estonian": "EE", "Ethiopian": "ET",
    "Finnish": "FI", "French": "FR", "Georgian": "GE", "German": "DE", "Greek": "GR", "Haitian": "HT",
    "Hungarian": "HU", "Indian": "IN", "Indonesian": "ID", "Iranian": "IR", "Iraqi": "IQ", "Irish": "IE",
    "Israeli": "IL", "Italian": "IT", "Japanese": "JP", "Jordanian": "JO", "Kazakh": "KZ", "Kenyan": "KE",
    "Kosovan": "XK", "Kuwaiti": "KW", "Kyrgyz": "KG", "Latvian": "LV", "Lebanese": "LB", "Libyan": "LY",
    "Lithuanian": "LT", "Malian": "ML", "Mexican": "MX", "Moldovan": "MD", "Moroccan": "MA", "Nigerian": "NG",
    "Norwegian": "NO", "Omani": "OM", "Pakistani": "PK", "Palestinian": "PS", "Philippine": "PH", "Polish": "PL",
    "Portuguese": "PT", "Qatari": "QA", "Romanian": "RO", "Russian": "RU", "Rwandan": "RW", "Saudi": "SA",
    "Serbian": "RS", "Slovak": "SK", "Slovenian": "SI", "Somali": "SO", "Spanish": "ES", "Sudanese": "SD",
    "Swedish": "SE", "Swiss": "CH", "Syrian": "SY", "Taiwanese": "TW", "Tajik": "TJ", "Thai": "TH",
    "Tunisian": "TN", "Turkish": "TR", "Turkmen": "TM", "Ugandan": "UG", "Ukrainian": "UA", "Uzbek": "UZ",
    "Venezuelan": "VE", "Vietnamese": "VN", "Yemeni": "YE",
}  # fmt: skip

# Names of countries that stand in the news and not in the gazetteer.
NAMES: dict[str, str] = {
    "U.S.": "US", "US": "US", "USA": "US", "United States of America": "US", "U.K.": "GB", "UK": "GB", "Britain": "GB",
    "Great Britain": "GB", "UAE": "AE", "Turkey": "TR", "Türkiye": "TR", "Turkiye": "TR", "Czech Republic": "CZ",
    "Czechia": "CZ", "Burma": "MM", "Syria": "SY", "Russian Federation": "RU", "DRC": "CD", "Ivory Coast": "CI",
    "Palestine": "PS", "Macedonia": "MK", "Holland": "NL", "Netherlands": "NL", "Vatican": "VA",
}  # fmt: skip

# Regions and stretches of the world that the gazetteer of cities and countries leaves out, with a GeoNames id where
# the guidelines name one.
REGIONS: dict[str, str] = {
    "Crimea": "703883", "Donbas": "", "Donbass": "", "Kurdistan": "", "Kashmir": "", "Darfur": "", "Tigray": "",
    "Chechnya": "", "Dagestan": "", "Nagorno-Karabakh": "", "Abkhazia": "", "South Ossetia": "", "Transnistria": "",
    "Gaza Strip": "", "West Bank": "", "Golan Heights": "", "Sinai": "", "Galilee": "", "Balochistan": "",
}  # fmt: skip
AREAS: tuple[str, ...] = (
    "Middle East", "Black Sea", "Red Sea", "Baltic Sea", "Caspian Sea", "Mediterranean", "Mediterranean Sea",
    "Sea of Azov", "Persian Gulf", "Arabian Gulf", "Gulf of Aden", "Gulf of Oman", "Arabian Sea", "North Arabian Sea",
    "Strait of Hormuz", "Kerch Strait", "South China Sea", "Taiwan Strait", "Sahel", "Balkans", "Caucasus",
    "Horn of Africa", "North Africa", "Central Asia", "Southeast Asia", "Southwest Asia", "Eastern Europe",
)  # fmt: skip
