"""Word lists for `passwords`, in the larger languages of Discord: names of passwords, and words used about them.

Everything is in lower case.
"""

# Names that mean a password and nothing else.
PASSWORDS = (
    r"pass ?word|passwd|pass ?phrase|(?:wifi|wi-fi|wlan|wpa2?|network) ?key|passwort|kennwort|contraseña|"
    r"contrasena|senha|"
    r"palavra[ \-]passe|mots? ?de ?passe|motdepasse|mdp|wachtwoord|lösenord|passord|adgangskode|kodeord|salasana|"
    r"hasło|haslo|heslo|jelszó|şifre[mn]?|parolă|"
    r"пароль|密码|密碼|パスワード|비밀번호|비번|mật khẩu|kata sandi|κωδικός|סיסמה|كلمة السر|كلمة المرور"
)
# Short names of a password that can mean something else: a ticket, a key, a word.
SHORT = r"pass|passw|pwd?|pswd?|pwort|pws|ww|clave|parolam?|userpass"
# Names of secrets of a few digits.
CODES = (
    r"2fa|tfa|mfa|(?:safe|lock|locker|vault) (?:combination|combo)|pin|pin ?code|pin ?number|"
    r"pass ?code|otp|puk|cvv2?|cvc2?|geheimzahl|geheimnummer|"
    r"(?:2fa|mfa|tfa|otp|sms|verification|security|access|log ?in|door|gate|alarm|entry|unlock|lock|backup|auth|"
    r"authentication|garage|safe|keypad|wifi|building|two[ \-]factor|6[ \-]digit|"
    r"one[ \-]time) ?(?:code|pin|key|password)|"
    r"(?:bestätigungs|sicherheits|zugangs|tür|anmelde|toegangs|beveiligings|verificatie)code|"
    r"c[oó]digo de (?:verificaci[oó]n|seguridad|acceso|verificação|segurança|acesso)|"
    r"codice (?:di )?(?:verifica|sicurezza|accesso)|"
    r"code (?:de (?:v[eé]rification|s[eé]curit[eé]|confirmation)|d['’]acc[eè]s|secret|pin)"
)
LOGINS = (
    r"log ?ins?|creds|credentials|zugangsdaten|anmeldedaten|logindaten|credenciales|credenciais|identifiants|"
    r"credenziali|inloggegevens"
)
# Verbs between a name and its value. Those of other languages are short words, so they count only after a name.
VERBS = (
    r"is set to|was set to|(?:(?:is|was|has been|got|were|been|wurde|ist) )?(?:changed|switched|updated|reset|set|"
    r"geändert) (?:to|auf|zu|in)|is|was|are|were|will be|should be|must be|used to be|ist|war|lautet|sind|es|era|"
    r"son|será|é|eh|são|"
    r"est|était|c'est|sera|è|e'|sarà|sono|zijn|wordt|är|jest|это|heißt|heisst|"
    r"(?<=passord )er|(?<=adgangskode )er|(?<=kodeord )er|(?<=hasło )to|(?<=haslo )to|(?<=salasana )on|(?<=heslo )je|"
    r"(?<=parola )este"
)
PARTICLES = "是为は는은가"  # no blank before them
ADVERBS = (
    r"now|still|actually|just|literally|probably|prob|like|always|basically|simply|currently|jetzt|noch|immer|"
    r"einfach|ahora|agora|siempre|sempre|maintenant|toujours|ora|adesso|nu|nog|altijd|also|obviously|obv|only|"
    r"antiga|nova|atual|anterior|antigua|nueva|vieja|actual|vecchia|nuova|attuale|actuel|temporal|teraz"
)
# Between a name and its link: "for netflix", "zum wlan", "de la wifi".
CONTEXTS = (
    r"for|to|of|on|at|in|from|fürs?|zum|zur|vom|von|beim|para|del?|da|do|das|dos|pour|du|des|di|della|dello|per|"
    r"van|voor|till|til|для|от"
)
# Also between a name and its link: "i use everywhere", "(wifi)", ", btw,".
ASIDES = (
    r"(?: that)? (?:i|we|u|you) [a-z]{2,10}(?: [a-z]{2,12}){0,2}?| \(?(?:wifi|wi-fi|wlan|netflix|spotify|router)\)?|"
    r",? \(?btw\)?,?"
)
# A short name after one of these means a password.
THINGS = frozenset(
    "wifi wi-fi wlan router hotspot internet netflix spotify steam discord login account acc email mail admin root "
    "guest server laptop computer pc phone user ssh vpn zoom icloud google insta instagram school work".split()
)
# After "login:" and a slash these are ways to log in, not passwords.
SITES = frozenset(
    "google facebook apple twitter github microsoft signup register logout sign-up sign-in register register.php "
    "password username user e-mail".split()
)
# "pass" after one of these is a ticket.
TICKETS = frozenset(
    "battle season game boarding ski bus day press hall free forward back parking train event vip backstage".split()
)
# Words before "code" that show whose it is.
WHOSE = frozenset(
    "my the your ur his her our their new mein dein der ein mi tu el meu teu o mon ton le mio il mijn je de this and "
    "so use enter".split()
)
# Descriptions of passwords: after "is" they are not the password itself.
DESCRIBING = frozenset(
    # English
    "a about above absolutely again all already also always an and another any apparently around as ask at awful bad "
    "basic because been being best better between both broken bullshit but by called case changed clear coming common "
    "compromised confidential correct crap crazy cursed cut dead different done down due dumb easy either empty enough "
    "even ever everything everywhere exactly exposed fake false fine for forgotten found free from fun funny garbage "
    "gay gibberish going gone good gonna great gross hard has hashed hella here hidden hilarious his her hers horrible "
    "how huge i idk in incorrect infamous inside insane insecure invalid irrelevant it its just kinda known lame last "
    "later least legit like literally long longer lost lol lmao maybe me mid mine missing my named neat necessary "
    "never new next nice no nonexistent none normal not nothing now null obsolete obvious off ok okay old on one only "
    "open optional or our ours out over overrated pathetic perfect plain poor possible pretty private probably public "
    "quite random ready really required reset retarded ridiculous right safe same saved saying sad secret secure "
    "secured sent set shared shit shitty short shorter silly simple so solid some something somewhere stale still "
    "stolen strange string strong stronger stuck stupid such sucks super supposed sus temporary terrible than that the "
    "their theirs there these they this those to too top trash trivial true tough two ugly unbreakable unclear under "
    "unique unknown unsafe up upon useless usually valid very visible wack wait way weak weaker weird what whatever "
    "when where which who why wild with without wrong yeah yep yes yet you your yours zero required incorrect "
    # German
    "abgelaufen aber alt am auch auf bei bekannt besser das dein deins der die doch doof du dumm ein einfach einmal "
    "es etwas falsch fort für ganz gar geheim geändert gleich gut gültig halt hier im immer in ja jetzt kacke kaputt "
    "kein klar kurz lang leer leicht mein meins mies mist mit müll nein neu nicht nichts noch nur ok richtig scheiße "
    "schlecht schon schwach schwer sehr sicher so stark super total und ungültig unsicher unser vergessen verloren "
    "viel was weg wichtig wie wieder wo zu zurückgesetzt "
    # Spanish, Portuguese
    "ahora al algo alta bien bonita buena cada caducada con correcta corta cualquiera de débil debil demasiado "
    "diferente difícil dificil distinta el en errada errónea es esa esta está fuerte fácil facil falsa fraca forte "
    "genial grande igual incorrecta incorreta inválida invalida la larga las lo los mala malísima mas mejor mi misma "
    "mia mía minha mucho mui muito muy nada no nova nueva nunca o obligatoria obrigatória para pero pública por que "
    "qué ruim secreta segura sencilla ser simple siempre sin só solo suya tan tu tua una um uma vieja y é não "
    # French
    "assez au aussi bien bon bonne c'est ce ça chiant comme correct court dans déjà des du en encore erroné est "
    "expiré facile faible faux fort incorrect invalide je la le les long mais mal mauvais mien moi même nul oublié ou "
    "où pas perdu plus pour quoi requis sur secret sécurisé tien toujours trop très un une vide "
    # Italian, Dutch
    "che corta debole di difficile è errata facile giusta già il incorretta lo lunga mia non obbligatoria ovvia per "
    "persa più poco quella questa sbagliata scaduta segreta sempre sicura stessa troppo tua una vecchia al dat de "
    "die een ergens fout geheim gewijzigd goed het hetzelfde in kort kwijt lang makkelijk mijn moeilijk niet nieuw nog "
    "onjuist ook op oud slecht sterk te van vergeten verkeerd verlopen verplicht voor weg zwak zo".split()
)
DESCRIBING_ENDS = (
    "ed", "ing", "able", "ible", "ful", "less", "ous", "ive", "ly", "ory", "n't", "ada", "ado", "ida", "ido", "ata",
    "ato", "uta", "bar", "lich", "baar", "izada", "ísima", "issimo",
)  # fmt: skip
# A plain word before one of these is a password: the sentence had ended.
TAILS = (
    r"btw|lol|lmao+|ok|okay|k+|ha(?:ha)*|ja(?:ja)+|rs+|mdr|ptdr|pls|please|thanks|thx|ty|bro|dude|man|mate|now|rn|"
    r"if|in case|but|so|"
    r"don'?t|shh+|fyi|jk|though|tho|all (?:lower|one|caps)|lower ?case|no caps|and my|"
    r"übrigens|danke|por cierto|aliás|au fait|"
    r"comunque|trouwens"
)
