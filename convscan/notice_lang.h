/*
 * notice_lang.h - the notices that are built in, one a language. `convscan --print-notice LANG` writes one out to start a template from.
 */
#ifndef CONVSCAN_NOTICE_LANG_H
#define CONVSCAN_NOTICE_LANG_H

#include "verdict.h"

struct notice_lang {
    const char *code;               /* two letters */
    const char *text;               /* with {placeholders} */
    const char *contact;            /* when the settings name nobody */
    const char *reasons[CLS_N];
};

/* The one with this code, or NULL. */
const struct notice_lang *notice_lang_find(const char *code);
/* English. */
const struct notice_lang *notice_lang_default(void);

#endif
