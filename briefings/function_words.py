"""The words that carry nothing to look for, by language: question words, articles, pronouns, prepositions, auxiliaries.

They also tell in which language a question is asked (`language_of_question`), which is too short for statistics.
Written in small letters with their accents.
"""

import re
from collections.abc import Mapping
from functools import cache

# Languages in Latin letters, whose stemmer has to be chosen.
FUNCTION_WORDS = {
    "ca": """què qui quin quina quins quines quan quant quanta quants quantes on com per què el la els les un una uns
        unes de del dels d l al als a en amb per i o que és són era eren va van ha han hi es se seu seva seus""",
    "cs": """kdo co kdy kde jak proč který která které kolik jaký jaká jaké čí a i o u v ve na do z ze s se si k ke po
        za od pro při je jsou byl byla bylo byli být to ten ta že aby jeho její jejich""",
    "da": """hvem hvad hvornår hvor hvorfor hvordan hvilken hvilket hvilke mange meget en et den det de der som og i på
        af til fra med for om er var blev bliver har havde at ikke sin sit sine han hun""",
    "de": """wer wen wem wessen was wann wo woher wohin wie wieso warum weshalb welche welcher welches welchen welchem
        viel viele wieviel wieviele der die das den dem des ein eine einer eines einem einen und oder aber von vom zu
        zum zur in im ins an am auf aus bei beim mit nach für um über unter vor durch gegen ist sind war waren wird
        werden wurde wurden worden hat haben hatte hatten kann können konnte sich nicht als auch es er sie ihr ihre
        ihrer ihren sein seine seiner seinen man dass ob wenn gibt gab dieser diese dieses""",
    "en": """who whom whose what which when where why how
        a an the this that these those there here it its i you he she we they me him her us them my your his our their
        mine yours ours theirs myself yourself himself herself itself ourselves themselves one am is are was were be
        been being do does did doing done have has had having can could will would shall should may might must isn't
        aren't wasn't weren't don't doesn't didn't haven't hasn't hadn't can't cannot couldn't won't wouldn't shouldn't
        i'm you're we're they're i've you've we've they've i'd i'll we'll you'll let's and or but nor so yet if then
        than as because while although though whether until unless of in on at by for with from to into onto upon
        about between among through during before after above below over under against within without toward towards
        per via off up down out not no any some all both each few more most other another such own same only just also
        too very much many now still ever even again once please thanks s t re ve ll""",
    "es": """qué quién quiénes cuál cuáles cuándo cuánto cuánta cuántos cuántas dónde cómo por para el la los las lo
        un una unos unas de del al a en con sin sobre entre desde hasta y e o u que se su sus es son era eran fue
        fueron ser está están ha han había hay no más como le les""",
    "fi": """kuka ketkä kenen mikä mitä mitkä minkä milloin missä mistä mihin miten miksi montako kuinka monta paljon
        mikäli ja tai on ovat oli olivat ole ollut että joka jotka jonka se ne hän he ei kun kuin myös""",
    "fr": """qui que quoi quel quelle quels quelles quand où comment pourquoi combien lequel laquelle est-ce le la les
        l un une des du de d au aux à en dans par pour sur avec sans sous entre vers et ou mais ne pas ce cet cette
        ces c s se sa son ses leur leurs il elle ils elles on est sont était étaient été être a ont avait avaient qu
        t y""",
    "hu": """ki kik mi mit mik mikor hol honnan hová miért hogyan mennyi hány melyik milyen a az egy és vagy de hogy
        van vannak volt voltak nem is ez ezt azt meg""",
    "id": """siapa apa apakah kapan di mana dimana mengapa bagaimana berapa yang dan atau dari ke pada dengan untuk
        dalam oleh adalah itu ini telah akan tidak para""",
    "it": """chi che cosa quale quali quando quanto quanta quanti quante dove come perché il lo la i gli le l un uno
        una di del dello della dei degli delle dell d a al allo alla ai agli alle all da dal dallo dalla dai dagli
        dalle dall in nel nello nella nei negli nelle nell con su sul sullo sulla sui sugli sulle sull per tra fra e
        ed o ma se si non è sono era erano fu furono stato stata stati state essere ha hanno aveva avevano qual cui
        c suo sua suoi sue loro viene venne""",
    "nl": """wie wat wanneer waar waarom hoe welk welke hoeveel wiens de het een en of maar van voor in op aan uit met
        naar bij om over onder door tegen tot te is zijn was waren werd werden wordt worden heeft hebben had hadden er
        die dat deze dit niet als ook hij zij ze""",
    "no": """hvem hva når hvor hvorfor hvordan hvilken hvilket hvilke mange mye en ei et den det de som og i på av til
        fra med for om er var ble blir har hadde at ikke sin sitt sine han hun""",
    "pl": """kto kogo co czego kiedy gdzie jak dlaczego który która które którzy ile ilu jaki jaka jakie czy i a o u w
        we na do z ze się po za od dla przy jest są był była było byli być to ten ta że jego jej ich nie""",
    "pt": """quem que qual quais quando quanto quanta quantos quantas onde como porque por para o a os as um uma uns
        umas de do da dos das ao à aos às em no na nos nas com sem sobre entre e ou se seu sua seus suas é são era
        eram foi foram ser está estão há não mais pelo pela pelos pelas""",
    "ro": """cine cui ce care când unde cum cât câtă câți câte de la din în într pe cu fără pentru prin spre între până
        un o unui unei niște al a ai ale cel cea cei cele și sau dar că să se este sunt era erau fost fi au avea avut
        nu mai lui ei lor său sa săi sale pentru ca după""",
    "sv": """vem vad när var varför hur vilken vilket vilka många mycket en ett den det de som och i på av till från
        med för om är blev blir har hade att inte sin sitt sina han hon""",
    "tr": """kim kimin kimi kime kimler ne neyi neyin neye neden niçin niye nasıl nerede nereye nereden hangi hangisi
        kaç kaçıncı kadar zaman mi mı mu mü mıdır midir ve veya ile bir bu şu o da de için gibi olarak olan olduğu
        oldu nedir kimdir tarafından en çok hangileri var""",
    "vi": """ai gì nào đâu khi sao tại vì bao nhiêu thế như mấy là của và hoặc trong ngoài ở tại cho với từ đến được bị
        bởi có không một các những cái này đó về ra đã đang sẽ mà để theo trên dưới cũng phải điều loại""",
}

# Of scripts that choose the stemmer themselves.
BEYOND_LATIN = """
    кто кого кому кем что чего чему чем чей чья чьи когда где куда откуда как почему зачем какой какая какое какие каких
    каким какую сколько который которая которые и или но а в во на с со к ко по за от до из у о об для при над под
    между не ни это этот эта эти был была было были быть есть является его её их он она оно они же ли бы
    ποιος ποια ποιο ποιοι ποιες ποιους ποιον ποιων τι πότε πού που πώς πως γιατί πόσο πόσα πόσοι πόσες πόσους ο η το οι
    τα του της των τον την τους τις ένας μία μια ένα και ή αλλά σε στο στη στην στον στους στις στα από με για προς
    είναι ήταν έχει έχουν είχε είχαν να θα δεν ότι ως κατά
    من ما ماذا متى أين كيف لماذا كم أي هل هو هي هم في على إلى عن مع و أو ثم لا لم لن التي الذي الذين كان كانت هذا هذه
    ذلك تلك بين عند بعد قبل منذ حتى ان أن إن قد
    कौन किस किसे किसने किसका किसकी किसके क्या कब कहाँ कहां कैसे क्यों कितना कितनी कितने कौनसा कौनसी का की के को में से पर
    ने है हैं था थी थे और या एक यह वह ये वे इस उस इन उन कि जो भी ही हो गया गई गए किया लिए द्वारा तक साथ
"""

_LETTERS = {
    "cs": "ěřůť", "de": "ßäöü", "es": "¿ñ", "fr": "çœêè", "hu": "őű", "it": "èù", "pl": "ąęłśżź", "pt": "ãõ",
    "ro": "ățţș", "sv": "åäö", "tr": "ığşöüç", "vi": "ạảấầẩậắằặẹẻẽếềểễệịỉọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđơư",
    "da": "æøå", "no": "æøå",
}  # fmt: skip
"""Letters that hint at a language as much as one of its words does."""

_WORD = re.compile(r"[^\W\d_]+(?:-ce)?")


def language_of_question(text: str, languages: Mapping[str, int]) -> str | None:
    """Which of `languages` a question is asked in, by its function words and letters; None when nothing tells.

    `languages` are those of the archive and how much of it is in each: the most frequent wins when nothing tells.
    """
    if len(languages) < 2:
        return next(iter(languages), None)
    votes: dict[str, float] = {}
    for word in set(_WORD.findall(text[:1_000].casefold())):
        sharing = _languages().get(word, ())
        for language in sharing:
            votes[language] = votes.get(language, 0.0) + 1 / len(sharing)
    for language, letters in _LETTERS.items():
        if not set(letters).isdisjoint(text):
            votes[language] = votes.get(language, 0.0) + 0.5
    return max(languages, key=lambda language: (votes.get(language, 0.0), languages[language]), default=None)


@cache  # compiling takes time that a question in Latin letters need not wait for
def asking() -> re.Pattern[str]:
    """What asks in scripts without spaces, where it cannot be told by the word."""
    return re.compile(
        "什么时候|什么|什麼|多少|哪[一个個些里裡儿年位家种種]*|谁|誰|为什么|為什麼|怎么样?|怎樣|如何|何时|何時|请问|是否|吗|呢"
        "|どのよう[なに]?|どんな|どこ|どの|どれ[くらいほど]*|どちら|いつ|なぜ|だれ|いくつ|いくら|何[年月日人つ個回]?|なん"
        "|でしょうか|でしょう|ですか|ますか|ましたか|でしたか"
        "|무엇|언제|어디|누구|누가|어떻게|어떤|어느|얼마나?|몇|왜(?!\\w)|인가요?|입니까|습니까|[는은던]가(?!\\w)|나요|까요"
        "|ใคร|อะไร|เมื่อไหร่|เมื่อไร|เมื่อใด|ที่ไหน|ที่ใด|อย่างไร|ทำไม|เท่าไหร่|เท่าไร|เท่าใด|กี่"
    )


@cache
def _languages() -> dict[str, tuple[str, ...]]:
    """Each function word with the languages that have it."""
    languages: dict[str, tuple[str, ...]] = {}
    for language, words in FUNCTION_WORDS.items():
        for word in words.split():
            languages[word] = (*languages.get(word, ()), language)
    return languages
