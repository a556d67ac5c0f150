"""The commonest words of the languages that chats are written in, as chats write them.

Written down for this project. ``language`` takes them for a second opinion: a model of letters
alone is wrong about one ordinary line of slang in five.
"""

from __future__ import annotations

_LISTS = {
    "en": """
        the and you is are was were it its this that these those with for not but have has had
        having been being what when where which who whose why how can could should would will wont
        dont doesnt didnt isnt arent wasnt cant couldnt wouldnt shouldnt im ive ill id youre youve
        theyre theyve thats whats theres heres hes shes lets your yours my mine our their them
        they he she him her his we us me myself yourself there here then than from into onto about
        after before again because only just also any some many much more most other another same
        such very too really out up down off over under all both each every few of on to by as at
        if or so no yes yeah yep nope ok okay please pls thanks thx thank sorry hello hey hi lol
        lmao wtf omg idk btw imo tbh nvm ur u r gonna wanna gotta aint yall bro dude guys get got
        getting give make made know think want need use used using work works working try tried
        look see say said go going come take find tell ask help like good bad great nice shit fuck
        fucking stupid people thing things something anything nothing someone anyone everyone time
        day today now never always still maybe even way new old right wrong well does did do done
        doing be an i one two first last long little own run install file error problem question
        server a am
    """,
    "nl": """
        de het een en van ik je jij hij zij wij jullie mij jou hem haar ons hun mijn jouw uw onze
        dit dat deze die wat wie waar wanneer waarom hoe welke niet geen wel ook nog maar want
        omdat als dan dus toch al alleen altijd nooit soms weer even ff zo heel erg veel weinig
        meer meest is ben bent zijn was waren wordt worden werd heb hebt heeft hebben had hadden
        kan kun kunt kunnen kon wil wilt willen moet moeten mag zal zou zullen ga gaat gaan doe
        doet doen zeg zegt op met voor bij naar uit over onder door tegen tussen zonder tot om aan
        er hier daar eens iets niets iemand niemand alles iedereen goed goede beter slecht mooi
        nieuw graag bedankt dank dankje hoi hallo doei ja nee oke hoor joh gewoon echt eigenlijk
        misschien zeker nu vandaag morgen gisteren snap weet denk vind vindt werkt maak maken kijk
        kijken komt komen laat laten krijg krijgt mensen man bek houd hou houden vraag tijd dag jaar keer wrm doettie
        kutzooi gozer tis
    """,
    "de": """
        der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine
        keinen ist sind war waren bin bist seid wird werden wurde habe hab hast hat haben hatte
        kann kannst können konnte will willst wollen muss musst müssen soll sollte darf mag ich du
        er sie es wir ihr mich dich sich uns euch mir dir ihm ihn ihnen mein meine dein deine sein
        seine unser euer was wer wo wann warum wie welche wieso für mit von zu zum zur bei nach
        aus auf über unter durch gegen ohne um an in im ins am vom beim auch noch nur schon sehr
        mehr viel immer nie wieder hier da dort dann denn doch mal ja nein wenn weil dass daß als
        ob so also jetzt heute morgen gestern bitte danke hallo moin gut schlecht neu alles nichts
        etwas jemand niemand man leute einfach wirklich vielleicht glaube weiß geht gehts läuft
        macht machen gibt kommt scheiss scheiß scheiße nich net ned nix kriegt
    """,
    "fr": """
        le la les un une des du de et est sont était suis es sommes êtes ai as avons avez ont
        avait je tu il elle on nous vous ils elles me te se lui leur mon ma mes ton ta tes son sa
        ses notre votre ce cet cette ces qui que quoi où quand pourquoi comment quel quelle ne pas
        plus rien jamais personne tout tous toute toutes mais ou donc car si comme pour avec sans
        dans sur sous chez entre vers par en au aux y très trop bien mal aussi encore déjà
        toujours ici là alors puis fait faire peut peux dit dire va vais vas vont aller veux veut
        vouloir faut doit dois être avoir merci salut bonjour oui non cest jai même parce qu'il
        c'est j'ai t'es n'est d'un d'une l'on ça ca jsp mdr ptn nan ouais grave
    """,
    "es": """
        el la los las un una unos unas y o pero no sí si es son era soy eres somos está esta están
        estoy estás he ha hay han había tengo tiene tienes tienen yo tú él ella nosotros ellos
        ellas usted ustedes me te se lo le les nos mi tu su mis tus sus qué que quién cuando
        cuándo donde dónde por para porque cómo como cuál con sin en de del al a ante desde hasta
        sobre entre muy más mas menos mucho poco todo todos toda todas nada algo nadie alguien
        siempre nunca también ya aún todavía este estos estas ese esa eso esto aquí ahí así bien
        mal ahora hoy mañana ayer gracias hola buenas vale puede puedo puedes hacer hace hago
        quiero quiere va voy vamos ver decir dice jajaja mierda tío tio gente cosa cosas vez
    """,
    "pl": """
        nie się sie jest to na z do że ze jak co w ale czy już juz tak tylko ja ty mi mam masz ma
        był bylo było jestem jesteś dla po za od tego tym ten jeszcze mnie ci o u kto gdzie kiedy
        dlaczego bardzo może wiem wie można dobrze proszę dziękuję dzięki no bo by są ich jego jej
        nic coś tu teraz trzeba mój twój kurwa
    """,
    "it": """
        non che è e di il la lo gli le un una per con sono ho hai ha abbiamo mi ti si ci ma se
        come cosa perché quando dove chi anche più molto bene ora poi questo questa quello quella
        sei siamo era del della dei al alla nel nella da in io tu lui lei noi fare fatto grazie
        ciao tutto tutti niente solo sempre mai qualcuno così quindi ancora già cazzo merda vostro
        mio tuo va
    """,
    "pt": """
        não nao que é e de o os as um uma para pra por com em no na do da dos das se me te você
        voce eu ele ela nós mas como isso isto esse essa este esta quando onde quem porque muito
        mais já ja também tambem só ainda aqui está estou tem tenho foi ser fazer obrigado bom boa
        tudo nada alguém sim meu minha seu sua ao mesmo então agora vai vou merda sei
    """,
    "tr": """
        bir bu ve ne da de çok için mi mı mu ben sen o biz siz bana sana var yok değil ama gibi
        daha kadar nasıl neden niye şey şimdi evet hayır ile olarak olan oldu olur ki her bunu şu
        en ya bi teşekkürler lütfen kim nerede zaman iyi güzel tamam arkadaşlar abi beni seni hiç
        sonra yapmak lan amk
    """,
    "da": """
        det er ikke og jeg du at en et den de på til med har som for af vi kan om hvad hvor
        hvorfor hvordan men så der her fra eller han hun min din mig dig os også noget nogen meget
        mere bare skal vil være var ville blev blive efter nu når ham ud op ind hvis kun ja nej
        tak godt alle jo lige selv igen
    """,
    "sv": """
        det är inte och jag du att en ett den de på till med har som för av vi kan om vad var
        varför hur men så där här från eller han hon min din mig dig oss också något någon mycket
        mer bara ska vill vara blev bli efter nu när honom ut upp in ja nej tack bra alla ju själv
        igen vet vem då man gör fan
    """,
    "no": """
        det er ikke og jeg du at en et den de på til med har som for av vi kan om hva hvor hvorfor
        hvordan men så der her fra eller han hun min din meg deg oss også noe noen mye mer bare
        skal vil være var ville ble bli etter nå når ham ut opp inn hvis ja nei takk bra alle jo
        selv igjen
    """,
    "cs": """
        je to se na v že ne si jak co tak ale jsem jsi jsme jsou ja já ty mi mě má mám máš být byl
        bylo pro po za od do z s u o už jen ještě když kde kdo proč protože nebo taky také který
        která tady teď dobře díky děkuju prosím ano není nic něco někdo moc vím ví můj tvůj tohle
        ten ta by nevim asi jo
    """,
    "sk": """
        je to sa na v že nie si ako čo tak ale som sme sú ja ty mi ma má mám máš byť bol bolo pre
        po za od do z s u o aj už len ešte keď kde kto prečo pretože alebo tiež ktorý tu teraz
        dobre ďakujem prosím áno nič niečo niekto veľmi viem vie môj tvoj toto ten tá by asi hej
    """,
    "ro": """
        nu și si este e de la în in un o cu pe care ce să sa mai că ca am ai are au fost din
        pentru se te mă eu tu el ea noi voi ei dar cum când cand unde cine acum asta asa așa
        foarte bine doar tot dacă daca sau prea nimic ceva cineva nici poate mulțumesc multumesc
        salut îmi iti îți mi ti lui le meu tău sunt ești fi face
    """,
    "id": """
        yang dan di ini itu tidak gak nggak ga tak ada aku saya kamu dia kita kami mereka untuk
        dengan dari ke pada bisa akan sudah udah belum juga saja aja lagi apa siapa kenapa
        bagaimana gimana kapan mana kalau kalo tapi karena atau jadi seperti sangat banget terima
        kasih tolong mau punya harus kok dong sih nih lu gue semua orang lebih besok kemarin awak
        boleh sahaja macam kerana nak
    """,
    "vi": """
        là và của có không khong cho một các những được này đó đây với trong người tôi toi bạn ban
        mình anh em nó thì mà ở để khi đã đang sẽ rồi cũng như nào gì ai sao tại vì nếu nhưng hay
        rất quá thế làm biết nói đi ra vào lên cảm ơn mọi ko k dc nha mày tao lại
    """,
    "hu": """
        az és nem hogy van egy meg de ez azt ezt már csak ha mi ki hol mikor miért hogyan én te ő
        ti nagyon jó igen vagy vagyok még most itt ott mert volt lesz kell lehet tud tudja valaki
        valami semmi minden köszönöm kérem szia mint akkor így úgy el fel le utána után
    """,
    "fi": """
        ja on ei se että en olen olet oli ole minä mä sinä sä hän me te he tämä tuo mitä mikä
        miksi miten missä kun kuka jos niin mutta vain nyt vielä myös kaikki joku jotain mitään
        hyvä hyvin kiitos tai kuin joka ovat voi pitää sitten siis koska taas aina ihan sen mun
        sun eikä joo
    """,
    "hr": """
        je to se na u da ne što sto sam si smo ste su ja ti mi on ona ali ili kako gdje gde kada
        zašto zasto tko ko netko neko nešto nesto ništa nista samo još jos već vec sve za od do s
        sa iz po bi biti bio bilo ima imam nije nisam jako vrlo hvala molim dobro ovo taj ta ovaj
        može moze mogu znam zna brate jer kao li nego opet lepo
    """,
    "sl": """
        je to se na v in da ne kaj kako sem si smo so jaz ti mi on ona ampak ali kje kdaj zakaj
        kdo nekdo nekaj nič samo še že vse za od do s z iz po bi biti bil bilo ima imam ni nisem
        zelo hvala prosim dobro tukaj zdaj lahko ker kot
    """,
    "ca": """
        no que és es de el la els les un una en per amb com què qui quan on però perquè més molt
        bé ara això aquest aquesta jo tu ell ella nosaltres em et ens us ho hi ha he has són sóc
        ets està estic gràcies hola tot tots res algú sempre mai també ja si fer vull pot puc
    """,
    "tl": """
        ang ng sa na mga ay ko mo siya ako ikaw ka kami tayo sila ito iyan yan dito hindi di may
        mayroon wala ba po pa lang din rin kung pero at o para ano sino saan bakit paano kailan
        salamat naman kasi yung yun gusto talaga lahat
    """,
    "lt": """
        ir yra ne kad tai aš tu jis ji mes jūs jie su į iš ar bet kaip kas kur kodėl kada labai
        gerai čia dabar dar jau tik man tau nėra buvo būti ačiū prašau labas
    """,
    "lv": """
        un ir nav ka tas es tu viņš viņa mēs jūs ar uz no vai bet kā kas kur kāpēc kad ļoti labi
        šeit tagad vēl jau tikai man tev bija būt paldies lūdzu
    """,
    "et": """
        ja on ei see et ma mina sa sina ta tema me te nad kui kas mis kus miks kuidas aga või ka
        siis veel juba ainult mul sul oli olen olla väga hästi siin nüüd aitäh palun tere
    """,
    "sq": """
        nuk është dhe që në të një për me po jo unë ti ai ajo ne ju ata si çfarë ku pse kur kush
        shumë mirë tani këtu faleminderit kam ke ka jam je
    """,
    "sw": """
        na ya wa kwa ni za la katika hii hiyo si mimi wewe yeye sisi nini nani wapi sababu lakini
        sana asante habari sasa bado hapa kama mtu watu
    """,
    "af": """
        nie het die en ek jy hy sy ons hulle dit dat wat wie waar hoekom hoe van vir met maar ook
        nog baie asseblief dankie nou hier daar kan moet wil gaan
    """,
    "hi": """
        hai hain kya nahi nahin kar raha rahi rahe tum mein mera meri aur bhi ko ke ki se ho
        bhai yaar kyun kyu kaise koi kuch tera teri abhi toh haan
    """,
    "ru": """
        chto eto ne kak ya ty da net pochemu nado mne tebe menya tebya ochen uzhe kto gde kogda
        budet bylo est vse spasibo privet tolko esli
    """,
}

COMMON = {code: frozenset(words.split()) for code, words in _LISTS.items()}
"""ISO 639-1 codes to lower-case words; Hindi and Russian as they are written in Latin letters."""
