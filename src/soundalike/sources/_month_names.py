"""Month names in lower case, in the forms that a date has in CLDR's languages, one month after the other."""

MONTH_NAMES = """
january jan enero ene januar janvier janv gennaio gen janeiro januari tammikuuta ledna leden stycznia января янв
    січня ocak január ianuarie ιανουαρίου sausio januára januarja siječnja януари janúar มกราคม जनवरी ינואר يناير
    januarie ጃንዋሪ yanvar студзеня студзень জানুয়ারি gener ιανουάριος jaanuar urtarrila ژانویه tammikuu xaneiro
    જાન્યુઆરી בינואר siječanj հունվարի հունվար იანვარი қаңтар ಜನವರಿ январь ມັງກອນ sausis janvāris јануари ജനുവരി
    जानेवारी ਜਨਵਰੀ styczeń janar јануар ஜனவரி జనవరి січень جنوری januwari
february feb febrero februar février févr fevereiro fev febbraio februari helmikuuta února lutego февраля февр
    фев лютого şubat február februarie φεβρουαρίου vasario februára februarja veljače февруари febrúar กุมภาพันธ์
    फ़रवरी פברואר فبراير ፌብሩዋሪ fevral лютага люты ফেব্রুয়ারি febrer únor φεβρουάριος veebruar otsaila فوریه
    helmikuu pebrero febreiro ફેબ્રુઆરી בפברואר veljača փետրվարի փետրվար თებერვალი ақпан ಫೆಬ್ರವರಿ февраль ກຸມພາ
    vasaris februāris ഫെബ്രുവരി फेब्रुवारी फेब्रुअरी ਫ਼ਰਵਰੀ luty shkurt фебруар பிப்ரவரி ఫిబ్రవరి лютий فروری
    februwari
march mar marzo märz mars março maart maaliskuuta března marca марта мар березня mart március martie μαρτίου
    kovo marec ožujka март מרץ مارس มีนาคม मार्च ማርች сакавіка сакавік মার্চ març březen marts μάρτιος märts martxoa
    maaliskuu marso માર્ચ במרץ ožujak մարտի մարտ maret მარტი наурыз ಮಾರ್ಚ್ ມີນາ kovas മാർച്ച് mac ਮਾਰਚ marzec machi
    மார்ச் మార్చి березень مارچ mashi
april apr abril abr avril avr aprile huhtikuuta dubna kwietnia апреля апр квітня nisan április aprilie απριλίου
    balandžio apríla aprila travnja април apríl אפריל أبريل เมษายน अप्रैल ኤፕሪል aprel красавіка красавік এপ্রিল duben
    απρίλιος aprill apirila آوریل huhtikuu એપ્રિલ באפריל travanj ապրիլի ապրիլ აპრილი сәуір ಏಪ್ರಿಲ್ апрель ເມສາ
    balandis aprīlis ഏപ്രിൽ एप्रिल अप्रिल ਅਪ੍ਰੈਲ kwiecień prill aprili ஏப்ரல் ఏప్రిల్ квітень اپریل ephreli
may mayo mai maggio mag maio mei maj toukokuuta května maja мая травня mayıs május μαΐου gegužės mája svibnja
    май maí מאי مايو พฤษภาคม मई ሜይ মে maig květen μάιος maiatza مه toukokuu મે במאי svibanj մայիսի մայիս მაისი мамыр
    ಮೇ ພຶດສະພາ gegužė maijs мај മേയ് मे ਮਈ máj மே మే травень مئی meyi
june jun junio juin giugno giu junho juni kesäkuuta června czerwca июня июн червня haziran június iunie ιουνίου
    birželio júna junija lipnja юни júní יוני يونيو มิถุนายน जून junie ጁን iyun чэрвеня чэрвень জুন juny červen
    ιούνιος juuni ekaina ژوئن kesäkuu hunyo xuño જૂન ביוני lipanj հունիսի հունիս ივნისი маусым ಜೂನ್ июнь ມິຖຸນາ
    birželis jūnijs јуни ജൂൺ जुन ਜੂਨ czerwiec jún junij qershor јун ஜூன் జూన్ червень جون
july jul julio juli juillet juil luglio lug julho heinäkuuta července lipca июля июл липня temmuz július iulie
    ιουλίου liepos júla julija srpnja юли júlí יולי يوليو กรกฎาคม जुलाई julie ጁላይ iyul ліпеня ліпень জুলাই juliol
    červenec ιούλιος juuli uztaila ژوئیه heinäkuu hulyo xullo જુલાઈ ביולי srpanj հուլիսի հուլիս ივლისი шілде ಜುಲೈ
    июль ກໍລະກົດ liepa jūlijs јули ജൂലൈ जुलै julai ਜੁਲਾਈ lipiec júl julij korrik јул ஜூலை జులై липень جولائی julayi
august aug agosto ago août elokuuta srpna sierpnia августа авг серпня ağustos augusztus αυγούστου rugpjūčio
    augusta avgusta kolovoza август ágúst augustus augusti אוגוסט أغسطس สิงหาคม अगस्त ኦገስት avqust жніўня жнівень
    আগস্ট agost srpen αύγουστος abuztua اوت elokuu ઑગસ્ટ באוגוסט kolovoz օգոստոսի օգոստոս agustus აგვისტო тамыз
    ಆಗಸ್ಟ್ ສິງຫາ rugpjūtis augusts ഓഗസ്റ്റ് ऑगस्ट ogos अगस्ट ਅਗਸਤ sierpień avgust gusht agosti ஆகஸ்ட் ఆగస్టు серпень
    اگست agasti
september sept sep septiembre setiembre septembre settembre setembro set syyskuuta září września сентября сент
    вересня eylül szeptember septembrie σεπτεμβρίου rugsėjo septembra rujna септември ספטמבר سبتمبر กันยายน सितंबर
    ሴፕቴምበር sentyabr верасня верасень সেপ্টেম্বর septembar setembre σεπτέμβριος iraila سپتامبر syyskuu setyembre
    સપ્ટેમ્બર בספטמבר rujan սեպտեմբերի սեպտեմբեր სექტემბერი қыркүйек ಸೆಪ್ಟೆಂಬರ್ сентябрь ກັນຍາ rugsėjis septembris
    സെപ്റ്റംബർ सप्टेंबर सेप्टेम्बर ਸਤੰਬਰ wrzesień shtator септембар septemba செப்டம்பர் సెప్టెంబర్ вересень ستمبر
    sentabr septhemba
october oct octubre oktober okt octobre ottobre ott outubro out lokakuuta října października октября окт жовтня
    ekim október octombrie οκτωβρίου spalio októbra oktobra октомври אוקטובר أكتوبر ตุลาคม अक्टूबर ኦክቶበር oktyabr
    кастрычніка кастрычнік অক্টোবর oktobar říjen οκτώβριος oktoober urria اکتبر lokakuu oktubre ઑક્ટોબર באוקטובר
    հոկտեմբերի հոկտեմբեր ოქტომბერი қазан ಅಕ್ಟೋಬರ್ октябрь ຕຸລາ spalis oktobris ഒക്‌ടോബർ ऑक्टोबर अक्टोबर ਅਕਤੂਬਰ
    październik tetor октобар oktoba அக்டோபர் అక్టోబర్ жовтень اکتوبر oktabr okthoba
november nov noviembre novembre novembro marraskuuta listopadu listopada ноября нояб листопада kasım noiembrie
    νοεμβρίου lapkričio novembra studenoga ноември nóvember נובמבר نوفمبر พฤศจิกายน नवंबर ኖቬምበር noyabr лістапада
    лістапад নভেম্বর novembar νοέμβριος azaroa نوامبر marraskuu nobyembre નવેમ્બર בנובמבר studeni նոյեմբերի նոյեմբեր
    ნოემბერი қараша ನವೆಂಬರ್ ноябрь ພະຈິກ lapkritis novembris നവംബർ नोव्हेंबर नोभेम्बर ਨਵੰਬਰ nëntor новембар novemba
    நவம்பர் నవంబర్ листопад نومبر
december dec diciembre dic dezember dez décembre déc dicembre dezembro joulukuuta prosince grudnia декабря дек
    грудня aralık decembrie δεκεμβρίου gruodžio decembra prosinca декември desember des דצמבר ديسمبر ธันวาคม दिसंबर
    ዲሴምበር dekabr снежня снежань ডিসেম্বর decembar desembre prosinec δεκέμβριος detsember abendua دسامبر joulukuu
    disyembre decembro ડિસેમ્બર בדצמבר prosinac դեկտեմբերի դեկտեմբեր დეკემბერი желтоқсан ಡಿಸೆಂಬರ್ декабрь ທັນວາ
    gruodis decembris ഡിസംബർ डिसेंबर disember डिसेम्बर ਦਸੰਬਰ grudzień dhjetor децембар desemba டிசம்பர் డిసెంబర్
    грудень دسمبر disemba
"""
