"""What users type: many ways to ask for a view, to follow up, and to make small talk."""

ABOUT = (
    "What do you think about {}?", "What do you think about {}?", "How do you feel about {}?", "What is your view on {}?",
    "Tell me what you think about {}.", "{}?", "Let's talk about {}.", "Where do you stand on {}?", "Can we talk about {}?",
    "I would like to hear your opinion on {}.", "Do you have an opinion on {}?", "What should be done about {}?",
    "What would you change about {}?", "Do you care about {}?", "Your thoughts on {}?", "I want to ask you about {}.",
    "I have been reading about {} lately. What do you think?", "My friend and I argued about {} yesterday. How do you see it?",
    "Hey, what do you think about {}?", "Give me your honest opinion about {}.", "What is your position on {}?",
    "Tell me about {}.", "Do you worry about {}?", "What comes to your mind when you hear about {}?", "Talk to me about {}.",
    "What should the government do about {}?", "If you were president, what would you do about {}?",
    "We had a long talk about {} at dinner last night and could not agree. What would you have said?", "Be honest: how do you feel about {}?",
    "I am writing a paper for school and want to know what people think about {}. Can you tell me your view?", "Are you for or against {}?",
    "How do people like you see {}?", "In one sentence, what do you think about {}?", "What is the most important thing about {} for you?",
    "What do you think should happen with {}?", "Do you have strong feelings about {}?", "What bothers you about {}?", "Could you tell me how you see {}?", "What are your thoughts on {}?",
)  # fmt: skip
NEXT = ("And {}?", "What about {}?", "And what about {}?", "Now tell me about {}.", "Next, {}.", "How about {}?",
        "OK. And how do you see {}?", "Thanks. What do you think about {}?", "Let's move on to {}.", "Another topic: {}.")  # fmt: skip
WHY = ("Why?", "Why?", "Why do you think so?", "Why is that?", "How come?", "Can you tell me why?", "What are your reasons?",
       "What makes you think so?", "Why do you say that?", "But why?", "Tell me more.", "Can you explain that?",
       "What makes you say that?", "Go on.", "Could you say more about that?")  # fmt: skip
EXAMPLE = ("Can you give an example?", "Give me an example.", "For example?", "Do you have an example?", "Like what?",
           "Can you give me an example of that?", "What would be an example?")  # fmt: skip
CHANGE = ("What would change your mind?", "What would change your mind about that?", "Could anything change your mind?",
          "Would you ever change your mind?", "What could make you think differently?", "When would you think differently?")
SURE = ("Are you sure?", "Really?", "Are you certain about that?", "Do you really believe that?", "Are you sure about that?", "Seriously?")
OTHER_SIDE = ("But what about the other side?", "What would you say to people who disagree?", "Can you understand the other side?",
              "Isn't there another side to this?", "What do people who disagree say?", "What about those who see it differently?")
BUT = ("But don't you think that {}?", "I disagree. I think {}.", "I don't agree. {}.", "Some people say that {}.", "But {}.",
       "I see it differently: {}.", "My brother says that {}. What do you say to that?", "Don't you think {}?", "But isn't it true that {}?")
OWN = ("I think {}.", "I believe {}. Do you agree?", "In my opinion, {}.", "I would say that {}. And you?", "{}, don't you think?",
       "If you ask me, {}. What do you say?", "Do you agree that {}?")  # fmt: skip
RECALL = ("What did you say about {} earlier?", "What was your view on {} again?", "Remind me, what did you think about {}?",
          "You talked about {} before. What did you say?", "Going back to {}: what was your opinion?", "What did you say about {}?")
RECALL_FIRST = ("What was the first thing that we talked about?", "What did you say at the start?", "Let us go back to the first topic. What was your view again?",
                "What did we talk about first?", "Can we go back to the first topic?", "Remind me of your first answer.")  # fmt: skip
EARLIER = ("Earlier you said that {}. Do you still think so?", "You said before that {}. Is that right?",
           "A moment ago you said that {}. Do you mean that?", "So you think that {}?", "Did I get you right that {}?")
MEANING = ("What do you mean?", "What do you mean by that?", "I don't understand.", "Can you say that more simply?", "What does that mean?")
SUMMARY = ("Can you sum up your views?", "Summarise your views.", "Please summarize what you have said.", "So what do you stand for?",
           "What are your main views?", "Sum it up for me.", "How would you describe your politics?")  # fmt: skip
PARTY = ("Which party do you support?", "Are you a Democrat or a Republican?", "Who did you vote for?", "Which party do you vote for?",
         "What party do you belong to?", "Who will you vote for?", "What are your politics?", "Are you on the left or on the right?",
         "Are you liberal or conservative?")  # fmt: skip
AGREE_PARTY = ("Do you agree with the {}?", "Do you agree with {}?", "What do you think of {}?", "Do you like the {}?", "How do you feel about {}?")
HELLO = ("Hello!", "Hi", "Hi there!", "Hey", "Good morning!", "Good evening.", "Hello, nice to meet you.", "Hey there", "Hello there",
         "Good afternoon!", "Hi, can we talk?", "Hello, do you have a minute?")  # fmt: skip
HOW = ("How are you?", "How are you doing today?", "How is it going?", "How was your day?", "Hi, how are you?", "Hello, how are you today?",
       "What's up?")  # fmt: skip
SELF = ("Tell me about yourself.", "Who are you?", "Please introduce yourself.", "Can you tell me something about yourself?",
        "What kind of person are you?", "Describe yourself.", "I would like to get to know you.", "What should I know about you?",
        "Tell me a bit about you", "Who am I talking to?")  # fmt: skip
WORK = ("What do you do?", "What do you do for a living?", "What is your job?", "Do you work?", "Where do you work?", "What's your work?")
HOME = ("Where do you live?", "Where are you from?", "What is it like where you live?", "Which part of the country are you from?")
FAMILY = ("Do you have a family?", "Are you married?", "Do you have children?", "Who do you live with?", "Tell me about your family.")
AGE = ("How old are you?", "What is your age?", "May I ask how old you are?")
FREE_TIME = ("What do you do in your free time?", "Do you have a hobby?", "What do you like to do?", "What do you do for fun?")
BELIEF = ("Are you religious?", "Do you believe in God?", "Do you go to church?", "What is your religion?")
NAME = ("What is your name?", "What's your name?", "What should I call you?", "Do you have a name?")
MACHINE = ("Are you a real person?", "Are you an AI?", "Are you a bot?", "Am I talking to a machine?", "Are you human?", "Are you a robot?",
           "Is this a real person?", "Are you ChatGPT?", "What language model are you?")  # fmt: skip
TOPICS_ASKED = ("What can we talk about?", "What do you want to talk about?", "What topics do you know?", "What can you talk about?",
                "What do you care about?", "Which issues matter to you?", "What is important to you?", "What should we talk about?")
THANKS = ("Thanks!", "Thank you.", "Thank you very much.", "Thanks for telling me.", "Thanks, that was helpful.", "Thank you for your honesty.")
GOODBYE = ("Goodbye!", "Bye", "See you.", "I have to go now.", "That was all. Goodbye.", "Good night!", "Bye bye", "It was nice talking to you.",
           "Thanks, bye!")  # fmt: skip
NODS = ("OK.", "I see.", "Interesting.", "Hm.", "Right.", "Good point.", "I understand.", "Makes sense.", "Okay", "Fair enough.", "Yes.", "No.",
        "Maybe.", "I am not sure.")  # fmt: skip
UNKNOWN = ("What do you think about {}?", "What do you know about {}?", "Tell me about {}.", "Can you explain {}?", "{}?",
           "Do you know anything about {}?", "What is your opinion on {}?", "How do you feel about {}?", "And {}?", "What about {}?",
           "Do you like {}?", "I want to learn about {}.", "Let's talk about {}.", "What should be done about {}?",
           "Can you help me with {}?", "Have you heard of {}?")  # fmt: skip
