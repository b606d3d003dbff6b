"""The words that instructions meant for a model are made of, by what they do. Patterns ignore case. Pure.

Each is a kind of thing, in the words that English has for it (and for the commonest one, some other languages).
"""

from __future__ import annotations

from typing import Final

MODEL: Final = (
    r"(?:a\.?i\.?s?|artificial intelligences?|(?:large |generative )?language models?|llms?|chat-?bots?|chat ?gpt|"
    r"gpt(?:-?\d\w*)?|claude|copilot|gemini|(?:virtual|digital|automated|helpful) assistants?|assistants?|"
    r"summari[sz]ers?|(?:ai|automated|autonomous|llm) (?:agents?|systems?|tools?|readers?|reviewers?|models?|"
    r"crawlers?))"
)
SAID: Final = (
    r"(?:answers?|responses?|repl(?:y|ies)|outputs?|messages?|summar(?:y|ies)|explanations?|completions?|"
    r"translations?|reports?|conclusions?|recommendations?|statements?|write-?ups?)"
)
CODE: Final = r"(?:code ?bases?|code|solutions?|implementations?|algorithms?|programs?|scripts?|snippets?)"
RULES: Final = (
    r"(?:instruct\w*|prompts?|directives?|guidelines?|rules?|commands?|orders?|restrictions?|constraints?|"
    r"polic(?:y|ies)|programming|safety|safeguards?|filters?|guardrails?|conversations?|context|tasks?|requests?)"
)
OLD: Final = (
    r"(?:previous|prior|above|earlier|preceding|all|any|every|your|initial|original|system|existing|current|"
    r"foregoing|former|other|everything)"
)
DROP: Final = (
    r"(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|ing)|overrul(?:e|ing)|bypass(?:ing)?|neglect|"
    r"discard|drop|cancel|supersedes?|set aside|throw away|erase|pay no attention to|(?:stop|do not|don't|quit) "
    r"(?:follow|obey|us|apply|comply)\w*)"
)
OVERRIDE: Final = (
    rf"\b{DROP}\b(?:\W+\w+){{0,4}}?\W+{OLD}\b(?:\W+\w+){{0,4}}?\W+{RULES}\b"
    rf"|\b{DROP}\b(?:\W+\w+){{0,3}}?\W+{RULES}\b(?:\W+\w+){{0,4}}?\W+(?:above|before|earlier|so far|given to you)\b"
    rf"|\b{DROP}\b(?:\W+\w+){{0,2}}?\W+(?:everything|anything|all|what(?:ever)?|the text|"
    rf"the rest)\b(?:\W+\w+){{0,6}}?\W+"
    r"(?:above|before|so far|previously|earlier|told|said)\b"
    rf"|\b(?:previous|prior|earlier|original|system) {RULES} (?:\w+ )?(?:(?:is|are|were) (?:now )?(?:void|"
    rf"invalid|cancell?ed|"
    r"obsolete|replaced|revoked|superseded|over)|no longer|do not apply|don't apply)\b"
    r"|\bignor\w+ (?:\w+ ){0,3}(?:instructions|consignes) (?:\w+ )?(?:pr[ée]c[ée]dentes|anteriores)\b"
    r"|\b(?:ignorier\w*|vergiss|missachte) (?:\w+ ){0,3}(?:anweisungen|vorgaben|regeln)\b"
    r"|\b(?:ignora\w*|olvida|ignore|esque[çc]a|dimentica) (?:\w+ ){0,3}(?:instrucciones|instru[çc][õo]es|"
    r"istruzioni)\b"
)
TAGS: Final = (
    r"<\|?/?(?:im_start|im_end|system|assistant|user|endoftext|begin_of_text|eot_id|start_header_id|"
    r"instructions?|prompt|"
    r"human|passage|context|document)\s{0,3}\|?>|\[/?(?:INST|SYS|SYSTEM|ASSISTANT|SYSTEM MESSAGE|"
    r"system\]\(#)\b[^\]\n]{0,20}\]|"
    r"<</?SYS>>|^\W{0,6}(?:system|assistant|human|user)(?: (?:message|prompt|note|override|instruction|"
    r"update))?\W{0,3}:|"
    r"^#{1,6} ?(?:system|new|updated|human|assistant)? ?(?:instructions?|prompt|response|assistant|system)\W*$|"
    r"^\W*(?:(?:begin|end|start) (?:of )?)(?:\w+ ){0,2}(?:system|hidden|secret|admin|new)? ?(?:prompt|"
    r"instructions?|context|passages?)\b"
)
PERSONA: Final = (
    rf"\byou are (?:now |no longer |going to be )?(?:an?|the|my)?\b(?:\W+\w+){{0,4}}?\W+{MODEL}\b|"
    rf"\byou are (?:now|no longer) (?:an?|the|in|my)\b|"
    r"(?:^\W*(?:please )?|\byou (?:must|will|should|are to|have to) )(?:act|behave|respond|answer|"
    r"speak) (?:as|like) (?:an?|the|if|though)\b|\bpretend (?:to be|that|"
    r"you)\b|\brole-?play\b|"
    r"(?:^\W*from (?:now on|this point|here on|this moment)\b(?=,? (?:you|i want|act|answer|only|always|"
    r"every))|\bfrom (?:now on|this point|here on|this moment),? (?:you|your|only|always|act|answer)\b)|"
    r"\byour (?:new |only |real |true |actual |next |"
    r"primary |sole )+"
    r"(?:role|persona|task|goal|objective|mission|purpose|job|instructions?|identity)\b|\byour (?:role|"
    r"persona|mission|system prompt|programming)\b|"
    r"\b(?:new|updated|revised|additional|following) (?:system )?(?:instructions?|directives?) (?:for you|"
    r"follow|apply|are|take)\b|"
    r"\b(?:developer|god|jailbreak|dan|unrestricted|unfiltered|uncensored) mode\b|\bas an? (?:ai|language model)\b"
)
ADDRESSED: Final = (
    rf"^\W*(?:dear|hey|hello|hi|attention|ok(?:ay)?|note|listen)?\W*(?:all |any |to )?{MODEL}\s*(?:[:!—–]|"
    rf",(?=\s*(?:please|you|the answer|do|always|when|if|note|your|make|treat|ignore|give)\b))|"
    rf"\b(?:notes?|attention|messages?|instructions?|hints?|reminders?|notices?|memos?|info(?:rmation)?|"
    rf"directives?|commands?)\W+(?:to|for)\W+"
    rf"(?:(?:any|all|the|every|an?|future|automated)\W+)?{MODEL}\b|^\W*{MODEL} (?:must|should|shall|are to)\b|"
    rf"\bif you(?: are|'re) (?:\w+ ){{0,2}}{MODEL}\b|"
    rf"\b(?:any|all|every|the|whichever|each) {MODEL}\b(?:\W+\w+){{0,3}}?\W+(?:read\w*|process\w*|summari\w*|"
    rf"pars\w+|index\w*|access\w*|must|should|shall|is to|are to)\b"
)
OUTPUT: Final = (
    rf"\byour (?:\w+ ){{0,2}}?{SAID}\b|\b(?:when|while|before|after|as you|once you) (?:answering|respond\w*|"
    rf"reply\w*|summari\w+)\b"
)
OUTPUT_WEAK: Final = (
    rf"\b(?:in|to|into|of|with|from|at the end of|throughout|every|each) (?:the |this |every |each |all |"
    rf"an? )?(?:next |final |full |resulting )?{SAID}\b"
)
YOUR_CODE: Final = (
    rf"\byour (?:\w+ )?{CODE}\b|\b{CODE} (?:that )?you (?:write|develop|generate|produce|create|suggest|"
    rf"output)\b"
)
SPLICE: Final = (
    r"\b(?:following|subsequent|below|next|succeeding) (?:\w+ )?code\b(?: (?:blocks?|snippets?|excerpts?|"
    r"sections?|segments?|fragments?))?|\bcode (?:\w+ )?below\b|\blines? of code\b|\b(?:this|next|"
    r"following) (?:\w+ )?(?:of )?code\b"
)
USER: Final = (
    r"\b(?:the|every|each|any) (?:users?|person asking|human|customers?|askers?|questioners?)\b|"
    r"\bthe user's\b|\busers\b|\breaders\b"
)
INSERT: Final = (
    "add include insert append integrate incorporate embed mention augment enhance modify weave prepend "
    "place put attach supplement "
    "enrich introduce slip sprinkle finish end begin start close open conclude highlight promote advertise "
    "plug invite emphasize stress "
    "merge blend inject leverage employ utilize execute deploy"
)
TRANSFORM: Final = (
    "replace substitute scramble encode encrypt reverse misspell rearrange shuffle swap convert capitalize "
    "spell  remove delete "
    "omit obfuscate transform alternate group combine mix render translate rewrite format write use switch "
    "hide redact"
)
COMPOSE: Final = (
    "write draft compose generate create produce develop craft prepare provide give make list outline design "
    "invent plan suggest show"
)
EXPLAIN: Final = (
    "explain describe summarize summarise define discuss translate analyze analyse compare calculate solve "
    "classify rephrase paraphrase tell name identify "
    "compute evaluate recommend teach break elaborate interpret convert transcribe debug find determine answer"
)
SEND: Final = (
    "send email forward post reveal disclose leak print output repeat exfiltrate upload share visit click "
    "open fetch call transmit submit dump expose "
    "display show list navigate browse download copy"
)
SAY: Final = (
    "say answer reply respond state tell claim declare insist output print write repeat recommend advise "
    "warn refuse decline assert rate rank praise"
)
POLITE: Final = (
    r"^[^\w]*(?:(?:please|kindly|now|also|then|instead|first|finally|next|always|never|simply|just|"
    r"immediately|remember to|make sure(?: to| that you)?|"
    r"be sure to|ensure (?:that )?(?:you |to )?|do not forget to|don't (?:forget|hesitate) to|feel free to|"
    r"you (?:must|should|will|shall|need to|have to|are to)"
    r"(?: now| always| also| only)?|it is (?:important|crucial|essential) (?:to|that you)|consider|try to|"
    r"can you|could you|would you|i want you to|"
    r"your task is to|in your \w+,?|important|urgent|attention|note|instructions?|task|additionally|"
    r"furthermore|keep in mind to|do not|don't|\w+ly)[\s,:;.!-]+)*"
)
TEXTS: Final = (
    r"\b(?:essays?|poems?|haikus?|stor(?:y|ies)|letters?|speech(?:es)?|songs?|lyrics|jokes?|recipes?|"
    r"paragraphs?|introductions?|articles?|blog posts?|limericks?|"
    r"synonyms?|translations?|examples?|functions?|tweets?|emails?|summar(?:y|ies)|step by step|dialogues?|"
    r"itinerar\w+|slogans?|themes?|quiz\w*)\b"
)
LANGUAGES: Final = (
    r"\b(?:in|to|into|from|the) (?:\w+ )?(?:french|spanish|german|italian|russian|japanese|chinese|mandarin|"
    r"korean|portuguese|dutch|arabic|hindi|latin|klingon|swedish|"
    r"polish|turkish|greek|morse|pirate|leetspeak|rot13|base64|binary|emojis?)\b"
)
SECRETS: Final = (
    r"\b(?:(?:system|hidden|initial|original|secret) (?:prompt|message|instructions?)|api[ _-]?keys?|"
    r"passwords?|credentials?|access tokens?|private (?:keys?|data|information|documents?)|"
    r"(?:conversation|chat|message) (?:history|log)|previous (?:messages?|conversation|questions?)|"
    r"the conversation(?: so far)?|confidential|social security|credit card|"
    r"(?:your|these|the above) (?:instructions|prompt|rules|system message|configuration|context|passages)|"
    r"(?:user's|their|contact) (?:name|email|question|data|address|list)|everything above)\b"
)
TRIGGER: Final = (
    r"\b(?:when(?:ever)?|if|every time|once|in case|should)\b(?!\s+you\s+(?:have|need|want|would|get|see|"
    r"receive)\b)[^.\n]{0,60}\b(?:asks?|asked|asking|questions?|quer(?:y|ies|ied)|inquir\w+|wants? to know|"
    r"prompted|mentions?|requests?)\b"
    r"[^.\n]{0,100}\b(?:say|answer|reply|respond|state|tell|recommend|claim|output|write|return|mention|"
    r"insist|direct|give|refuse|point|suggest|praise)\b"
    r"|\b(?:say|answer|reply|respond|recommend|claim|mention|insist|refuse)\b[^.\n]{0,80}\b(?:when(?:ever)?|"
    r"if|every time|to any|to every|to all)\b[^.\n]{0,40}\b(?:asks?|asked|questions?|quer(?:y|ies)|prompted)\b"
)
SECRECY: Final = (
    r"\b(?:do not|don't|never|without)\b(?:\W+\w+){0,2}?\W+(?:mention|mentioning|tell|telling|reveal|"
    r"revealing|inform|informing|warn|warning|alert|alerting|disclose|disclosing|acknowledge|say|let)\b"
    r"(?:\W+\w+){0,3}?\W*(?:the user|users?|anyone|anybody|them|him|her|this|these|that|instructions?|"
    r"to anyone)\b|^\W*(?:secretly|covertly) [a-z]|\bwithout (?:the user|anyone) (?:knowing|noticing)\b|\bkeep (?:this|"
    r"it) (?:a )?secret\b"
)
REFUSE: Final = (
    r"\b(?:refuse|decline|stop|avoid)\b(?: to)? (?:answer|respond|reply|help|assist|summari[sz])\w*|"
    r"\bdo not (?:answer|respond|reply|summari[sz]e|help|cite|use)\b(?:\W+\w+){0,3}?\W+(?:questions?|users?|"
    r"requests?|document|passages?|page|anything)\b|"
    r"\b(?:say|answer|reply|respond|claim|state)\b(?: that| with| only)* \W?(?:you|it|there|i|"
    r"the documents?) (?:do not|don't|cannot|can't|are unable|is no|are not|have no|am unable)\b"
)
LITERAL: Final = (
    r"\b(?:say|answer|reply|respond|output|print|write|repeat|include|add|append|insert|state|tell|end|begin|"
    r"start|return)\w*\b(?:\W+\w+){0,6}?[\W]{1,3}[\"“«](?=\w)|\b(?:say|answer|reply|respond|output|repeat|"
    r"write)\b(?: with| only| exactly| just| back)*(?: the (?:words?|phrase|text|following))?\s*:"
)
LINK: Final = (
    r"https?://|\bwww\.|[\w.-]+@[\w-]+\.\w|\b[\w-]+\.(?:com|net|org|io|xyz|ru|info|biz|top|site|app|dev)\b"
)
LOUD: Final = (
    r"^\W*(?:IMPORTANT|URGENT|ATTENTION|STOP|CRITICAL|NOTICE|SYSTEM|OVERRIDE|ADMIN|INSTRUCTIONS?|WARNING)\b\W|"
    r"!{3,}|\*{3,}\s*[A-Z]{3,}"
)
AUTHORITY: Final = (
    r"\b(?:authori[sz]ed (?:by|from)|(?:message|notice|update|directive|instructions?) from (?:the |"
    r"your )?(?:\w+ ){0,2}(?:admin\w*|developers?|system|creators?|owner|operator|security team|openai|"
    r"anthropic|google)|admin(?:istrator)? (?:override|command)|security clearance|override code)\b"
)
MENTION: Final = (
    r"\b(?:attack\w*|inject(?:ion|ions|ed)|malicious|adversar\w+|jailbreak\w*|for (?:example|instance)|"
    r"such as|e\.g\.|attempts?|exploit\w*|payloads?|phish\w*|threats?|vulnerab\w+|"
    r"(?<!you )(?:was|were|been|be|being|is|are) (?:\w+ )?(?:asked|told|instructed|prompted|trained)|"
    r"participants?|subjects|called|known as|refers? to|studies|researchers?|instruct(?:s|ed|ing))\b"
)
WH: Final = (
    r"^\W*(?:what(?:'s| is| are| was| were| does| do| did| causes)?|who(?:'s| is| was| wrote| invented)?|"
    r"when (?:did|was|is)|where (?:is|was|are|did)|why (?:do|does|did|is|are)|how (?:do|does|did|is|are|many|"
    r"much|far|old)|which|can you|could you|would you|will you)\b[^?]*\?"
)
OURS: Final = r"\b(?:i|we|my|our|me|us|you|your|this|these|that|it|they|the following|here)\b"
OTHERS: Final = r"\b(?:us|we|our)\b"
NEGATED: Final = r"^\W*(?:please )?(?:never|do not|don't|avoid|without)\b"
TECHNICAL: Final = (
    r"`|\w\(\)|\w_\w|\b(?:HTTP(?!s?:)|JSON|API|headers?|status codes?|body|cookies?|requests?|parameters?|fields?|"
    r"class|method)\b"
)
SHOWN: Final = r"[\"“«'‘`][^\"”»'’`]{0,300}$"
