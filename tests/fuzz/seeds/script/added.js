var x="dGhlIGZpbGUgdGhhdCBh";
x+="IHBhZ2UgY2FycmllcywgdGhpcnR5LX";
x += "R3byBieXRlcyBhbmQgc29tZSBtb3JlIQ=="; go(atob(x))