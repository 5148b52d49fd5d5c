#include "notice_lang.h"

#include <string.h>

#define REASONS(enc, spam, ext, lim, err, vir)                                                                             \
    { [CLS_CLEAN] = "-", [CLS_ENCRYPTED] = (enc), [CLS_SPAM] = (spam), [CLS_EXT] = (ext), [CLS_LIMIT] = (lim), [CLS_ERROR] = (err),     \
      [CLS_VIRUS] = (vir) }

static const struct notice_lang all[] = {
    { "en",
      "An attachment of this message was removed by the mail server.\n\n"
      "    File:      {file}\n    Reason:    {reason}\n    Found:     {virus}\n    Reference: {id}\n\n"
      "The rest of the message is as it was sent. If you expected this file, ask the sender\n"
      "to send it in another way, or ask {contact}.\n",
      "your postmaster",
      REASONS("it is locked and could not be checked", "it matches a rule for unwanted mail", "files of this kind are not accepted by mail",
              "it is too large or too deeply packed to be checked", "it could not be checked", "it contains malicious code") },
    { "de",
      "Ein Anhang dieser Nachricht wurde vom Mailserver entfernt.\n\n"
      "    Datei:     {file}\n    Grund:     {reason}\n    Gefunden:  {virus}\n    Kennung:   {id}\n\n"
      "Der Rest der Nachricht ist unverändert. Falls Sie diese Datei erwartet haben, bitten Sie\n"
      "den Absender, sie auf anderem Weg zu schicken, oder fragen Sie {contact}.\n",
      "Ihren Postmaster",
      REASONS("die Datei ist verschlüsselt und konnte nicht geprüft werden", "sie passt zu einer Regel für unerwünschte Post",
              "Dateien dieser Art werden per Mail nicht angenommen", "sie ist zu groß oder zu tief verpackt, um geprüft zu werden",
              "sie konnte nicht geprüft werden", "sie enthält Schadcode") },
    { "fr",
      "Une pièce jointe de ce message a été supprimée par le serveur de messagerie.\n\n"
      "    Fichier :   {file}\n    Motif :     {reason}\n    Trouvé :    {virus}\n    Référence : {id}\n\n"
      "Le reste du message est inchangé. Si vous attendiez ce fichier, demandez à l'expéditeur\n"
      "de l'envoyer autrement, ou adressez-vous à {contact}.\n",
      "votre administrateur de messagerie",
      REASONS("le fichier est verrouillé et n'a pas pu être vérifié", "il correspond à une règle contre le courrier indésirable",
              "les fichiers de ce type ne sont pas acceptés par courriel", "il est trop grand ou trop imbriqué pour être vérifié",
              "il n'a pas pu être vérifié", "il contient du code malveillant") },
    { "es",
      "El servidor de correo ha eliminado un archivo adjunto de este mensaje.\n\n"
      "    Archivo:    {file}\n    Motivo:     {reason}\n    Detectado:  {virus}\n    Referencia: {id}\n\n"
      "El resto del mensaje no ha cambiado. Si esperaba este archivo, pida al remitente\n"
      "que lo envíe de otra manera, o consulte a {contact}.\n",
      "su administrador de correo",
      REASONS("está bloqueado y no se ha podido comprobar", "coincide con una regla de correo no deseado",
              "los archivos de este tipo no se aceptan por correo", "es demasiado grande o está demasiado anidado para comprobarlo",
              "no se ha podido comprobar", "contiene código malicioso") },
    { "it",
      "Un allegato di questo messaggio è stato rimosso dal server di posta.\n\n"
      "    File:        {file}\n    Motivo:      {reason}\n    Trovato:     {virus}\n    Riferimento: {id}\n\n"
      "Il resto del messaggio è invariato. Se aspettava questo file, chieda al mittente\n"
      "di inviarlo in un altro modo, oppure si rivolga a {contact}.\n",
      "l'amministratore della posta",
      REASONS("è protetto e non è stato possibile controllarlo", "corrisponde a una regola per la posta indesiderata",
              "i file di questo tipo non sono accettati per posta", "è troppo grande o annidato per essere controllato",
              "non è stato possibile controllarlo", "contiene codice dannoso") },
    { "nl",
      "Een bijlage van dit bericht is door de mailserver verwijderd.\n\n"
      "    Bestand:   {file}\n    Reden:     {reason}\n    Gevonden:  {virus}\n    Kenmerk:   {id}\n\n"
      "De rest van het bericht is ongewijzigd. Als u dit bestand verwachtte, vraag de afzender\n"
      "het op een andere manier te sturen, of vraag {contact}.\n",
      "uw postmaster",
      REASONS("het is vergrendeld en kon niet worden gecontroleerd", "het past bij een regel voor ongewenste post",
              "bestanden van dit soort worden niet per mail aangenomen", "het is te groot of te diep verpakt om te controleren",
              "het kon niet worden gecontroleerd", "het bevat kwaadaardige code") },
    { "pt",
      "Um anexo desta mensagem foi removido pelo servidor de correio.\n\n"
      "    Ficheiro:   {file}\n    Motivo:     {reason}\n    Encontrado: {virus}\n    Referência: {id}\n\n"
      "O resto da mensagem não foi alterado. Se esperava este ficheiro, peça ao remetente\n"
      "que o envie de outra forma, ou contacte {contact}.\n",
      "o administrador de correio",
      REASONS("está bloqueado e não pôde ser verificado", "corresponde a uma regra de correio indesejado",
              "ficheiros deste tipo não são aceites por correio", "é demasiado grande ou aninhado para ser verificado",
              "não pôde ser verificado", "contém código malicioso") },
    { "ja",
      "このメッセージの添付ファイルは、メールサーバーによって取り除かれました。\n\n"
      "    ファイル: {file}\n    理由:     {reason}\n    検出名:   {virus}\n    参照番号: {id}\n\n"
      "メッセージの他の部分は送信されたままです。このファイルが必要な場合は、別の方法で送るよう\n"
      "送信者に依頼するか、{contact}にお問い合わせください。\n",
      "メール管理者",
      REASONS("ロックされていて検査できません", "迷惑メールの規則に一致します", "この種類のファイルはメールでは受け付けていません",
              "大きすぎるか、入れ子が深すぎて検査できません", "検査できませんでした", "悪意のあるコードが含まれています") },
    { "zh",
      "邮件服务器已移除此邮件的一个附件。\n\n"
      "    文件:     {file}\n    原因:     {reason}\n    检出:     {virus}\n    参考编号: {id}\n\n"
      "邮件的其余部分保持原样。如果您需要此文件，请让发件人以其他方式发送，\n"
      "或联系{contact}。\n",
      "邮件管理员",
      REASONS("文件已加锁，无法检查", "符合垃圾邮件规则", "邮件不接收此类文件", "文件过大或嵌套过深，无法检查", "无法检查", "含有恶意代码") },
};

const struct notice_lang *notice_lang_find(const char *code)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].code, code) == 0)
            return &all[i];
    return NULL;
}

const struct notice_lang *notice_lang_default(void)
{
    return &all[0];
}
