/*
 * vdl_class.h - the classes of rules and what "clean=" asks for, shared by both halves; the numbers are in the image.
 */
#ifndef VDL_VDL_CLASS_H
#define VDL_VDL_CLASS_H

/* In the order of design: virus, blocked names and types, spam, possibly unwanted, and allow rules (exceptions). */
enum vdl_class { VDL_VIRUS, VDL_EXT, VDL_SPAM, VDL_PUA, VDL_ALLOW, VDL_CLASSES };

/* What is done to the bytes that a rule's segments matched, when an object is cleaned: taken out, or made blanks or NULs. */
enum vdl_clean { VDL_KEEP, VDL_CUT, VDL_BLANK, VDL_ZERO, VDL_CLEANS };
#define VDL_CLEAN_WORDS { "", "cut", "blank", "zero" }

#endif
