"""The facts of the development set: sixty customers, companies, products and coupons."""

from training.held_out.texts import read_offers

OFFERS = read_offers(
    """
Nora | Pebble & Pine | CampCrate | kitchen box for camping | TENT5 | 15 | 3
Krzysztof Lewandowski | Wisła Labs | FlowNote | note app with sketches | NOTAT3K | 35 | 6
Dr. Arvind Subramanian | CardioLink Inc. | PulseBand 4 | wrist heart monitor | HEARTB3AT | 20 | 12
Paloma | Vientos del Sur | Brisa Fan | silent table fan | A1REFRESCO | 25 | 2
Lê Văn Tùng | HanoiHome | RiceMate | small rice cooker | GA0TOT | 40 | 1
Astrid Bergqvist | SNÖKRISTALL | Kristall Skis | touring skis | POWD3R | 10 | 5
Deepa | GyanTree | QuizBanyan | quiz app for exams | PASS1ST | 50 | 4
Étienne Garnier | Fournil Moderne | LevainPot | jar for sourdough | M1CHE | 12 | 3
Yusuf Al-Mansour | Falcon Freight | FreightLens | tracker for containers | FF8C2 | 30 | 18
Carmen Ruiz Delgado | OlivaPura | Cosecha Box | olive oil subscription | OL1VA | 22 | 7
Uwe | Stahl & Faden GmbH | NähPilot | sewing machine for beginners | NADEL6 | 18 | 2
Ayşe Demirtaş | Bahçe Robotik | BahçeBot Mini | lawn robot | CIMEN44 | 44 | 8
Sakura | Momiji Paper | FoldKit 100 | origami course in a box | OR1GAMI | 28 | 1
Emeka Obiora | SwiftNaira | NairaSave | savings app | SAVVYSTART | 60 | 9
Niamh O'Driscoll | Burren Soap Co. | SeaFoam Bar | solid shampoo | BUBBL3S | 16 | 3
Jun Li | Lantern Bikes | GlowHelm | helmet with lights | GL0W2WORK | 24 | 2
Manon | Les Petits Pois | PoisPot | baby food maker | PUREE8 | 33 | 4
Anne-Sophie Kerjean | Bretagne Voile | CaptainLog | sailing logbook app | CAP9NORD | 14 | 10
Leif | Fjellbrød | Knekk Mix | crispbread baking mix | KN3KK | 27 | 1
Tyler Jenkins | PorchLight Security | PorchCam 2K | doorbell camera | D1NGDONG | 55 | 6
Karl-Heinz Brandt | Brandt Gartenbau | BeetBox XL | raised garden bed | BEET77 | 9 | 3
Mariam | Zaytoun Beauty | Zay Balm | hand balm | S0FTHANDS | 38 | 2
Siddharth Menon | CloudChai | ChaiDeploy | hosting for side projects | BREW2LIVE | 65 | 14
Eva | LUMENA | Lumena Strip | light strip for shelves | LED4ME | 21 | 5
Barbara Wójcik-Sowa | Miodowa | HoneyDrop | honey in single sticks | PSZCZOLA | 17 | 3
Prof. Matti Virtanen | SuoScience | BogScope | pocket microscope | SC0PE31 | 31 | 11
Hoàng Bảo Châu | DaNang Surf | WaveLeash | smart surf leash | H4NGTEN | 46 | 2
Diego | Ruta Norte | RutaMap | offline map for bikers | K1LOMETRO | 36 | 4
Abena Owusu-Ansah | KenteCraft | Kente Straps | straps for cameras | KENT3 | 23 | 1
Olivia | The Crumb Room | CrumbClub | cake of the week plan | CAK3DAY | 13 | 6
Giulia Ferrante | Bottega Luce | LuceGlobo | glass table lamp | GL0B0 | 29 | 3
Ananya Chatterjee | YogaNest | NestMat | mat that teaches poses | ASANA5 | 42 | 8
Freja | Klit & Hav | KlitChair | folding beach chair | SANDY7DK | 26 | 2
João Pedro Almeida | PORTOLINK | LinkRouter S | router for old houses | W1F1WALL | 34 | 12
Jamal Whitaker | FadeHouse | FadePro Trimmer | hair trimmer | FR3SHCUT | 19 | 1
Ulrike Schöne | BuchBogen | BogenLicht | clip light for books | LESEN9 | 70 | 2
Deniz | RotaFly | RotaFlex | flexible flight pass | FLY1ROTA | 48 | 5
Samantha Adebayo-Clark | HireHive | HiveScreen | applicant tracker | BUZZ2HIRE | 58 | 15
Clémence Vidal | Fleurs de Rue | BouquetGo | flower delivery | R0SEE | 11 | 3
Kenji Morimoto | Iwa Knives | Iwa Petty | small kitchen knife | KITCHENEDGE26 | 8 | 4
Walter | Oakhurst Tools | BenchBuddy | clamp for small benches | CL4MPIT | 32 | 7
Katarzyna Dąbrowska | PsiaŁapka | ŁapkaBed | bed for old dogs | W00FNAP | 37 | 2
Fiona McAllister-O'Dowd | Highland Weather Works | GaleGuard | wind alarm | WINDY7 | 20 | 9
Selin Aydoğan | Çini House | ÇiniCup Set | painted cups | 2CUPS4TEA | 45 | 1
Mrs. Venkataraman | Raaga Radio | RaagaBox | radio with song request | TUNEIN6 | 15 | 6
Renata | Café Colibrí | Colibrí Pods | compostable coffee pods | P0DLOVE | 30 | 3
Louis-Philippe Caron | ÉrableTech | SèvePro | sap meter for maple farms | SAP1PRO | 25 | 10
Sven Torvaldsson | Brygga Boats | BryggaDock | dock for kayaks | P5L2K | 52 | 2
Hauwa Bello | KanoCart | CartQuick | checkout page builder | Q8D4ZT | 62 | 13
Alice | Fox & Ferry | FerryTrunk | suitcase for trains | TRUNK3T | 24 | 1
Chen Guowei | BambooByte | ByteFan | laptop cooler | CH1LL | 39 | 4
Martín Echeverría | Glaciar Wear | Glaciar Gloves | touch-screen gloves | WARMHANDS | 28 | 2
Bianca | VerdeViva | VivaWall | living wall kit | M0SSY5 | 41 | 3
Heinz | Küchenfee | FeeMix 600 | hand blender | RUHR3N | 12 | 24
Amina El-Fassi | Atlas Argan | ArganMist | hair mist | M1STY4U | 33 | 5
Christopher Lang | Tidewater Analytics | ShoreBoard | dashboard for harbours | DATA2SEE | 75 | 2
Hye-jin | Seoul Stitch | StitchBee | embroidery printer | B33LINE | 43 | 6
Radek Procházka | Pivovar Lab | HopSense | sensor for home brewers | H0PS | 16 | 3
Jacqueline | Rue Douze | Douze Watch | watch with one hand | T1CTAC | 5 | 1
Babatunde | EkoSound | EkoBar | sound bar for small rooms | 7HBX30RV | 47 | 8
"""
)
