"""Immigration, race, community and women."""

from pocket.topics.topic import Pole, Topic

IMMIGRATION = Topic(
    name="immigration",
    phrases=(
        "immigration",
        "immigrants",
        "the border",
        "people who come here from other countries",
        "newcomers",
        "legal immigration",
        "border security",
        "migrants",
    ),
    asked=(
        "What should we do about immigration?",
        "Should we let in more immigrants?",
        "Are immigrants good for the country?",
        "Do too many people come here from abroad?",
        "What would you do about the border?",
        "Do newcomers change our way of life?",
    ),
    questions=("IMMCULT2_W32", "LEGALIMMIGAMT_W92", "OPENIDEN_W92"),
    left=Pole(
        stances=(
            "immigrants make this country stronger",
            "we should welcome more people from other countries",
            "there should be more legal ways to come here",
            "newcomers bring new life to our towns",
            "being open to the world is part of who we are",
        ),
        reasons=(
            "immigrants work hard and start many small businesses",
            "almost every family here came from somewhere else",
            "newcomers bring new ideas, food and music",
            "farms and hospitals could not do without them",
            "people who flee from danger deserve help",
            "a country that closes its doors grows old and tired",
        ),
        examples=(
            "For example, the family that runs the bakery in my street came here with nothing.",
            "Think of all the nurses and farm workers who were born abroad. We need them.",
        ),
    ),
    middle=Pole(
        stances=(
            "immigration is good when it is orderly",
            "we should keep legal immigration about where it is",
            "we can welcome people and still guard the border",
            "newcomers are welcome as long as they follow the rules",
            "immigration brings good things and problems too",
        ),
        reasons=(
            "we need workers, and we also need order",
            "a fair system would help the newcomers as well",
            "too much change at once is hard for any town",
            "most immigrants are good people who want to work",
            "rules that nobody follows are bad for everyone",
            "I see good sense in both sides of this",
        ),
        examples=(
            "For example, I would give honest workers a legal way in and turn back those who break the law.",
            "Take a small town: a few new families are a gift, but a sudden crowd can be too much.",
        ),
    ),
    right=Pole(
        stances=(
            "there should be less immigration",
            "we have to protect our border",
            "we risk losing our own way of life when too many people come",
            "people who come here must follow the law and learn our ways",
            "our own citizens should come first",
        ),
        reasons=(
            "a country without a border is not a country",
            "schools and hospitals in many towns are already full",
            "too many newcomers at once change the customs we grew up with",
            "working people here need those jobs too",
            "it is not fair to those who waited in line",
            "a nation needs a common language and common values",
        ),
        examples=(
            "For example, my town changed so fast that older people hardly know it any more.",
            "Think of a worker whose pay stays low because there is always someone cheaper.",
        ),
    ),
    statements={
        "IMMCULT2_W32": (
            ("the many newcomers are a threat to our customs and values", "newcomers weaken our way of life"),
            ("the many newcomers make our society stronger", "newcomers add something good to our way of life"),
        ),
        "LEGALIMMIGAMT_W92": (
            ("legal immigration should go up a lot", "many more people should be let in legally"),
            ("legal immigration should go up a little", "a few more people should be let in legally"),
            ("legal immigration should stay about the same", "the number of people let in legally is fine"),
            ("legal immigration should go down a little", "a few less people should be let in legally"),
            ("legal immigration should go down a lot", "far fewer people should be let in legally"),
        ),
        "OPENIDEN_W92": (
            ("openness to people from everywhere is at the heart of our nation", "our open doors make us who we are"),
            (
                "we could lose our identity if we are too open to the world",
                "too much openness may cost us our identity",
            ),
        ),
    },
)

RACE = Topic(
    name="race",
    phrases=(
        "race",
        "race relations",
        "racial equality",
        "racism",
        "the history of slavery",
        "racial justice",
        "Black and white people",
        "discrimination",
        "slavery and its legacy",
    ),
    asked=(
        "Is racism still a big problem?",
        "Do white people have advantages that Black people do not have?",
        "What do you think about race in this country?",
        "Should schools teach more about slavery?",
        "Does the past still hold Black people back?",
    ),
    questions=("WHADVANT_W32", "RACESURV17_W43", "SOCIETY_RHIST_W92"),
    left=Pole(
        stances=(
            "racism is still a serious problem in this country",
            "white people still have advantages that Black people do not have",
            "the past still weighs on Black people today",
            "we have a long way to go on race",
            "we should look honestly at the history of slavery",
        ),
        reasons=(
            "families that were kept from owning homes had nothing to pass on",
            "the same job letter gets fewer answers with some names on it",
            "we cannot mend what we refuse to look at",
            "Black parents still have to warn their sons about the police",
            "schools in poor Black areas have less money",
            "it takes more than a law to undo hundreds of years",
        ),
        examples=(
            "For example, two people with the same pay can still get a very different answer from a bank.",
            "Think of a grandfather who was not allowed to buy a house. His grandchildren feel it today.",
        ),
    ),
    middle=Pole(
        stances=(
            "we have come a long way on race and still have some way to go",
            "race matters in some places and not in others",
            "we should know our history without being stuck in it",
            "the past plays a part, but so do our own choices",
            "people should be fair to each other, whatever their race",
        ),
        reasons=(
            "things are better than in the time of my grandparents, but not perfect",
            "I have seen unfair things, and I have also seen much good will",
            "blame does not help, and silence does not help either",
            "being poor is hard for people of every race",
            "people get along better in daily life than on television",
            "each person should be judged as a person",
        ),
        examples=(
            "For example, my neighbors come from all kinds of families, and we help each other.",
            "Take the schools: teach the hard parts of history, and teach the progress too.",
        ),
    ),
    right=Pole(
        stances=(
            "everyone has the same chances in this country today",
            "we talk too much about race",
            "people should be judged by what they do and not by their race",
            "we should look forward and stop dwelling on the past",
            "white people do not have it easier just because they are white",
        ),
        reasons=(
            "the law treats all people the same",
            "hard work counts more than the color of your skin",
            "nobody alive today owned slaves",
            "constant talk about race drives people apart",
            "people of every race have done well here",
            "children should not be made to feel guilty for the past",
        ),
        examples=(
            "For example, I have worked with people of every race, and the hard workers got ahead.",
            "Think of all the people who came here with nothing and did well. This country gave them a chance.",
        ),
    ),
    statements={
        "WHADVANT_W32": (
            ("white people have a great many advantages that Black people lack", "being white helps a great deal"),
            ("white people have a fair number of advantages that Black people lack", "being white helps a fair amount"),
            ("white people have few advantages that Black people lack", "being white does not help very much"),
            ("white people have no advantages that Black people lack", "being white does not help at all"),
        ),
        "RACESURV17_W43": (
            ("the history of slavery still affects Black people a great deal", "slavery still does great harm today"),
            ("the history of slavery still affects Black people a fair amount", "slavery still does some harm today"),
            ("the history of slavery does not affect Black people much now", "slavery does little harm today"),
            ("the history of slavery does not affect Black people at all now", "slavery does no harm today"),
        ),
        "SOCIETY_RHIST_W92": (
            (
                "more attention to slavery and racism is very good for us",
                "it is very good to face our history of racism",
            ),
            (
                "more attention to slavery and racism is fairly good for us",
                "it is rather good to face our racial history",
            ),
            ("more attention to slavery and racism is neither good nor bad", "talking of past racism changes little"),
            ("more attention to slavery and racism is fairly bad for us", "it is rather bad to dwell on past racism"),
            ("more attention to slavery and racism is very bad for us", "it is very bad to dwell on past racism"),
        ),
    },
)

COMMUNITY = Topic(
    name="community",
    phrases=(
        "community",
        "diversity",
        "life in a diverse community",
        "neighborhoods with many kinds of people",
        "neighborhoods",
        "diverse neighborhoods",
        "ethnic diversity",
        "the changing population",
    ),
    asked=(
        "Do you like to live in a diverse community?",
        "Is diversity good for the country?",
        "What makes a good community?",
        "Would you like neighbors from many backgrounds?",
        "How do you feel about the country becoming more diverse?",
    ),
    questions=("COMMIMPC_W32", "ETHNCMAJ_W32"),
    left=Pole(
        stances=(
            "diversity makes a community better",
            "it is important to live with people of many backgrounds",
            "a more diverse country is something to look forward to",
            "children should grow up with friends of every kind",
            "a mixed neighborhood is a good place to live",
        ),
        reasons=(
            "we learn from people who are not like us",
            "fear goes away when people know each other",
            "it makes daily life more interesting",
            "children who grow up together learn to respect each other",
            "new people bring new ideas and new shops",
            "the world is diverse, and our towns should be too",
        ),
        examples=(
            "For example, at our street party there is food from five countries on one table.",
            "Think of a school class with children from many places. They hardly notice the difference.",
        ),
    ),
    middle=Pole(
        stances=(
            "diversity is fine, but it is not what makes a community good",
            "it does not matter much to me where my neighbors come from",
            "the country is changing, and that is neither good nor bad",
            "good neighbors come in every kind",
            "a community needs both old ties and new faces",
        ),
        reasons=(
            "what counts is that people look out for each other",
            "kind people and rude people live everywhere",
            "change comes anyway, and we can make the best of it",
            "I look at the person and not at the background",
            "safe streets and good schools matter more",
            "people should be free to live where they like",
        ),
        examples=(
            "For example, when my car broke down, I did not ask where the man who helped me came from.",
            "Take my street: some families are new and some are old, and it works well enough.",
        ),
    ),
    right=Pole(
        stances=(
            "a community is stronger when people share the same values",
            "diversity is talked about too much",
            "shared customs matter more than diversity",
            "it is natural to want to live among people like yourself",
            "the country should hold on to what holds it together",
        ),
        reasons=(
            "people trust each other more when they share the same ways",
            "a small town works because everyone knows everyone",
            "a country needs something in common",
            "too much change makes people feel lost in their own home",
            "what matters is character and not background",
            "old traditions give people a place to belong",
        ),
        examples=(
            "For example, in a small town people bring you food when you are sick, because they know you.",
            "Think of a church supper where three families have cooked together for forty years.",
        ),
    ),
    statements={
        "COMMIMPC_W32": (
            ("living in a diverse place is very important to me", "it matters a lot to me to have diverse neighbors"),
            ("living in a diverse place is fairly important to me", "it matters a bit to me to have diverse neighbors"),
            ("living in a diverse place is not very important to me", "it matters little to me how diverse my town is"),
            (
                "living in a diverse place is not important to me at all",
                "it does not matter to me how diverse my town is",
            ),
        ),
        "VALUERURAL_W32": (
            ("people in the country have values very much like mine", "rural people and I think very much alike"),
            ("people in the country have values somewhat like mine", "rural people and I think somewhat alike"),
            ("people in the country have values somewhat different from mine", "rural people and I differ somewhat"),
            ("people in the country have values very different from mine", "rural people and I differ a great deal"),
        ),
        "ETHNCMAJ_W32": (
            ("it is good that today's minorities will become the majority", "the change in our population is good"),
            ("it is bad that today's minorities will become the majority", "the change in our population is bad"),
            (
                "it is neither good nor bad that minorities will be the majority",
                "it does not matter which groups are the majority",
            ),
        ),
    },
)

WOMEN = Topic(
    name="women's rights",
    phrases=(
        "women's rights",
        "women in politics",
        "equality for women",
        "women at work",
        "a woman as president",
        "women in business",
        "women as leaders",
        "equal rights for women",
        "feminism",
    ),
    asked=(
        "Do women have the same chances as men?",
        "Would you like to see a woman as president?",
        "Should more women be leaders?",
        "Is it still harder for women to get ahead?",
        "Are men and women treated the same at work?",
    ),
    questions=("WOMENOPPS_W32", "WMNPRZ1_W36", "IMPROVE2_W36"),
    left=Pole(
        stances=(
            "women still face obstacles that men do not face",
            "it would be good to have a woman as president",
            "we need more women at the top",
            "equality for women is not finished yet",
            "women should have the same pay and the same chances",
        ),
        reasons=(
            "women often earn less for the same work",
            "most leaders are still men",
            "mothers are passed over when it is time for a promotion",
            "women see problems that men overlook",
            "girls need to see that they can reach the top",
            "half of the people should have half of the say",
        ),
        examples=(
            "For example, a woman I know trained three men who then became her boss.",
            "Think of a young mother who asks for better hours and is told that she is not serious.",
        ),
    ),
    middle=Pole(
        stances=(
            "women have come far, and a few obstacles are left",
            "the best person should get the job, man or woman",
            "a woman as president would be fine, if she is the right one",
            "men and women each have their own troubles today",
            "we should be fair to women without being unfair to men",
        ),
        reasons=(
            "things have changed a lot since my mother was young",
            "what a person can do counts more than being a man or a woman",
            "some jobs are still hard for women to enter",
            "quotas are not fair, but closed doors are not fair either",
            "good leaders can be men or women",
            "families find their own way to share the work",
        ),
        examples=(
            "For example, I have had good and bad bosses, and some of both were women.",
            "Take pay: the same work should bring the same money, and that is all I ask.",
        ),
    ),
    right=Pole(
        stances=(
            "women have the same chances as men today",
            "the old obstacles for women are mostly gone",
            "a leader should be chosen for skill and not for being a woman",
            "women can reach anything they work for in this country",
            "we should stop treating women as victims",
        ),
        reasons=(
            "the law already gives women equal rights",
            "many women now do better than men at school",
            "men and women often simply choose different things",
            "a strong woman does not need special rules",
            "raising children is as valuable as any career",
            "I see women in charge almost everywhere I go",
        ),
        examples=(
            "For example, my doctor, my boss and my mayor are all women, and nobody finds that strange.",
            "Think of a mother who stays home because she wants to. That is her choice and a good one.",
        ),
    ),
    statements={
        "WOMENOPPS_W32": (
            ("the old obstacles for women are now mostly gone", "women can get ahead as easily as men today"),
            ("big obstacles still make it harder for women to get ahead", "women still have a harder time than men"),
        ),
        "WMNPRZ1_W36": (
            (
                "a woman as president would be very good for the country",
                "it would be a very good thing to elect a woman",
            ),
            (
                "a woman as president would be fairly good for the country",
                "it would be a rather good thing to elect a woman",
            ),
            (
                "a woman as president would be fairly bad for the country",
                "it would be a rather bad thing to elect a woman",
            ),
            ("a woman as president would be very bad for the country", "it would be a very bad thing to elect a woman"),
        ),
        "IMPROVE2_W36": (
            ("more women at the top would make men's lives much better", "women leaders would help men a lot too"),
            ("more women at the top would make men's lives somewhat better", "women leaders would help men a bit too"),
            ("more women at the top would hardly make men's lives better", "women leaders would change little for men"),
            ("more women at the top would not make men's lives better", "women leaders would change nothing for men"),
        ),
    },
)

TOPICS = (IMMIGRATION, RACE, COMMUNITY, WOMEN)
