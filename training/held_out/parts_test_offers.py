"""The facts of the test set: a hundred customers, companies, products and coupons."""

from training.held_out.texts import read_offers

OFFERS = read_offers(
    """
Maeve | Larkspur Goods | Thistle Kettle | stovetop kettle with a cork handle | STEAM4U | 15 | 2
Tomasz Wiśniewski | Orbitel | PocketRelay | satellite messenger for hikers | 7KQ2ZD | 30 | 6
Dr. Ifeoma Nwachukwu | MediLoom Inc. | SutureSense 2 | training kit for surgeons | LOOM22 | 12 | 9
Joaquín | Tierra & Sal | Huerto Vivo | indoor herb garden | HOJAVERDE | 25 | 3
Nguyễn Thị Hồng | LotusByte | CalmDesk | app that blocks noisy notifications | QUIET88 | 40 | 4
Sigrún Hallgrímsdóttir | FJORDLINE | Ember Parka | heated winter coat | W4RMUP | 20 | 1
Priya | Kettle & Quill | Inkling Notebook | notebook that scans its own pages | PAGE1 | 10 | 12
François Lemaître | Maison Corvel | Brume | refillable room fragrance | BRUME50 | 50 | 2
Ahmed Al-Rashidi | DuneTech Solutions | SandShield Pro | dust cover for cameras | DT9X4 | 18 | 5
Lucía Fernández Ortega | NuboClara | ClaraSync | file sharing tool for small teams | N3BULA | 35 | 8
Greta | Holzwerk GmbH | StapelBox | stackable oak storage system | EICHE7 | 22 | 6
Mehmet Yıldırım | Anatolia Roasters | Karaca Press | hand coffee press | B0SPHORUS | 28 | 3
Yuki | Hoshizora Lab | StarGlobe Mini | bedside planetarium | HOSHI2U | 45 | 1
Oluwaseun Adeyemi | PayBridge | BridgeOne Terminal | card reader for stalls | TAPNOW24 | 60 | 7
Siobhán O'Malley | Greenhythe | PeatFree Plus | potting compost | GR0W | 17 | 2
Wei Zhang | Northgate Cycles | Velo Lite 500 | folding commuter bike | RIDE77A | 8 | 10
Chloé | Petit Nuage | Nuage Wrap | baby carrier | DOUDOU33 | 33 | 3
Marie-Laure Besson | Atelier Sept | Sept Tote | bag made of old sails | VOILE14K | 14 | 4
Bjørn | Polarheim | Trekk-3 | sled for family trips | SNO3W | 26 | 2
Emily Carter | BrightPath Learning | MathMeadow | maths game for primary schools | MEADOW5 | 5 | 24
Hans-Peter Vogel | Vogt & Söhne | RegenMax 200 | rainwater tank with an app | TR0PFEN | 19 | 11
Fatima | Noor Optics | ClearView Shade | clip-on sunglasses | 4SUNNYDAYS | 55 | 1
Rohan Deshmukh | TaxiTally | FareBook | bookkeeping app for drivers | METER9 | 42 | 6
Ana | Casa Lumbre | Lumbre Grill | tabletop charcoal grill | BRASA2GO | 21 | 3
Zofia Kamińska-Duda | Pracownia Lniana | Linen Cloud | washed linen duvet set | SLEEP8 | 31 | 5
Prof. Henrik Aalto | QuantaLeaf | LeafLab Kit | classroom chemistry set | CHEM1STRY | 38 | 9
Trần Minh Quân | SaigonSoft | PhởPad | recipe tablet for kitchens | P4D2K | 27 | 2
Isabel | Mareva Sport | Mareva Swim | training goggles with a display | LAPS40 | 40 | 1
Kwabena Asante-Boateng | Volta Grid | GridPal | home battery monitor | V0LTAGE | 23 | 12
Sophie | Dough Society | ProofBox | warming box for bread dough | CRUMB6 | 16 | 6
Luca Marchetti | Officina Nove | Nove Stand | repair stand for bicycles | NV9STAND | 13 | 4
Shreya Raghunathan | MindfulMile | StrideCoach | running coach for your watch | RUN2DAY | 48 | 3
Ingrid | Nordlys Audio | Aurora Buds | wireless earphones | AURORA | 29 | 2
Carlos Eduardo Nunes | CERRADO | Semente Box | seed subscription | S3M3NTE | 36 | 8
Keisha Barnes | CurlTheory | Coil Cream | leave-in hair cream | COILS4EVER | 24 | 1
Jürgen Hoffmann | KlarSicht AG | ScheibenBot | window cleaning robot | SB70KLAR | 70 | 2
Aylin | MaviTur | Kıyı Pass | boat pass for the coast | M4VI | 44 | 5
Daniel Okonkwo-Hughes | StackHarbor | DockYard CI | build service for developers | SHIP1T | 65 | 15
Noémie Gauthier | Boréale Thé | Infusio | tea maker with a timer | THEVERT7 | 11 | 3
Haruto Nakamura | Kumo Works | KumoFold | standing desk that folds flat | KUM0DESK | 34 | 7
Ruth | Hearth & Heather | Moorland Candle | hand-poured candle | WICK1E | 9 | 2
Agnieszka Zielińska | ZdrowoBox | FitLunch 5 | weekly lunch delivery | LUNCHBREAK | 37 | 4
Liam O'Sullivan | Shamrock Cloud | CloudPint | stock keeper for pubs | P1NTS | 52 | 6
Elif Su Karataş | Pamukkale Tekstil | Softura Towel | quick-drying towel | UE5GHW8C2RNA | 20 | 3
Mr. Bhattacharya | Hooghly Instruments | SitarTune | clip-on tuner | RAGA108 | 32 | 1
Camila | PatitasFelices | Paseo Tracker | collar that finds your dog | GU4U | 43 | 9
Jean-Baptiste Roux | Vins du Rocher | CaveNote | cellar journal app | MILLESIM3 | 15 | 18
Linnea Söderberg | Söder Sön & Co. | Glim Lamp | reading lamp without glare | GL1MT | 27 | 2
Abdullahi Musa | SahelAgro | CropEye | drone survey for farms | FIELD5EYE | 58 | 10
Grace | Tilly Toys | BlockBarn | wooden farm set | MOOO2 | 30 | 3
Øyvind Kristoffersen | Havn Data | TideBoard | tide and weather display | T1DEUP | 19 | 6
Mei-Ling Huang | Jade River | RiverBrush | tablet pen for calligraphy | BRU5HUP | 25 | 4
Sebastián Quiroga | AndesPack | Cumbre 45L | mountain backpack | XK45PEAK | 39 | 1
Valentina | Gelato Nord | FrostaMia | home gelato maker | SC00P | 46 | 2
Lothar | Bergmann Werkzeuge | DrehFix | cordless screwdriver | 3F7XLP | 12 | 12
Ms. Thandiwe Mokoena | Ubuntu Prints | WallTale | custom wall prints | TALE27 | 27 | 5
Phạm Đức Anh | Halong Gear | DeckShoe X | non-slip boat shoe | GRIPP3D | 41 | 3
Hannah | WEBWEAVE | WeaveForms | form builder for websites | F0RMIDABLE | 75 | 1
Stanisław Nowak | Bursztyn | Amber Hub | controller for home lighting | M6TUD9 | 21 | 7
Inés | Cocina Abierta | Sartén Uno | pan for every hob | PAN1UNO | 18 | 2
Khalid bin Saleh | OasisFlow | FlowMeter S | water meter for greenhouses | DR1P | 33 | 14
Charlotte Ashworth | Pennine Knits | Fellwool Jumper | jumper from local wool | BAAA42 | 14 | 3
Thierry | VéloVolt | VoltKit 36 | conversion kit for old bikes | WATT36ON | 36 | 4
Aditi Krishnamurthy | LedgerLeaf | LeafPay | invoice tool for freelancers | PAIDFAST | 50 | 6
Nils-Erik Lund | Skog & Sti | Stilight | headlamp for forest runs | N1GHTRUN | 22 | 1
Rosa | FlorAndina | BloomBox | monthly flower box | PETAL0 | 35 | 11
Chinedu | Lagos Loop | LoopRide | scooter sharing plan | L00P99 | 62 | 2
Marek Svoboda | Brno Robotics | Botik Junior | robot kit for children | R4X8QN2 | 28 | 8
Emre | KahveKod | BeanCounter | till for coffee bars | 9BEANS | 47 | 9
Patricia Gómez-Llanos | Sol y Sombra | Sombra Sail | garden shade | SHADE4ALL | 23 | 3
Akiko Yamashita | Tsumugi House | Tsumugi Loom | small weaving loom | WEAV3R | 10 | 5
Brigitte | Haus Lindner | WärmeKissen Duo | heated cushion | KUSCHEL1G | 26 | 2
Omar Haddad | ByteSouk | SoukShop | shop builder for artisans | S0UK2 | 54 | 12
Rebecca Thornton | FernAndForm | FormFlow Chair | chair that moves with you | SITW3LL | 17 | 4
Paweł | Tatra Outdoor | Halny Tent | storm-proof tent | HALNYGO5 | 38 | 1
Dr. Anneliese Baumgartner | DentaNova GmbH | NovaBrush 8 | toothbrush | SM1LE4LONGER24 | 29 | 6
Tunde | BeatKiosk | KioskMix | beat maker for phones | DR0PBEAT | 66 | 3
Saoirse Byrne | Atlantic Oat Co. | OatSpring | barista oat drink | FR0THY | 13 | 2
Élodie | Plume & Papier | PlumeBox | letter-writing set | ENVELOPPE | 31 | 3
Vikram Singh Rathore | DesertRose Hotels | RosePass | weekend membership | R0SE4U | 49 | 20
Jonas | KLANGRAUM | Raum One | shelf speaker | KR1SOUND | 24 | 5
Beatriz | Azulejo Studio | TileDreamer | app that plans tiled walls | AZUL15BR | 15 | 1
Lin Xiaoyu | PandaPost | ParcelPing | parcel alert service | 9WJ3T6KD | 56 | 7
Margaret | Willow End Dairy | CreamTop Box | doorstep milk box | CREAMCLUB30 | 8 | 13
Ebba Nyström | ReTråd | Mend-It 12 | repair kit for knitwear | ST1TCHES | 20 | 2
Gustavo | Pampa Leather | Gaucho Sleeve | laptop sleeve | HX7V2 | 37 | 3
Đặng Thùy Linh | Mekong Minds | FlashLotus | language cards with sound | SPEAKUP6 | 45 | 6
Zeynep Arslan-Meyer | CodeFırın | BakeScript | programming course for teens | 0VENFRESH | 51 | 4
Samuel | Fenwick Locks | KeyLess Duo | door lock with two keypads | 2LOCKS | 16 | 10
Ngozi Eze | Savannah Skin | Shea Dew | face oil | ZZ81QH | 34 | 2
Kerstin Ahlgren | Moln AB | MolnBackup | photo backup | M0LNIG | 68 | 16
Takeshi | Sazanami | Nami Bottle | bottle that cools itself | C00LWAVE | 12 | 3
Amélie Dubois-Tremblay | SkiÉcho | ÉchoBeacon | avalanche beacon | N3IGE | 25 | 1
Victor | Blue Anvil Software | AnvilDesk | help desk for tool makers | HELPDESK59 | 59 | 9
Harpreet Kaur | SpiceTrail | Trail Tin | spice tin with refills | MASALA4 | 21 | 4
Eleanor | Quayside Books | QuayReader | e-reader for the bath | PAGETURN3R | 40 | 2
Mateusz Król | GraPlan | PlanszoBox | board game subscription | D1CE6 | 32 | 5
Rafaël van den Berg | Polder Power | Dijk Panel | balcony solar panel | Z0NNIG | 11 | 22
Leticia | Ritmo Fit | RitmoStep | dance mat for the living room | DANC3R | 53 | 3
D'Andre Whitlock | ThirdRail Coffee | RailCan | cold brew in a can | C0LDRAIL | 19 | 1
"""
)
