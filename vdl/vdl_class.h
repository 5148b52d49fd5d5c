/*
 * vdl_class.h - the classes of rules, shared by both halves; the number is in the image.
 */
#ifndef VDL_VDL_CLASS_H
#define VDL_VDL_CLASS_H

/* In the order of design: virus, blocked names and types, spam, possibly unwanted, and allow rules (exceptions). */
enum vdl_class { VDL_VIRUS, VDL_EXT, VDL_SPAM, VDL_PUA, VDL_ALLOW, VDL_CLASSES };

#endif
