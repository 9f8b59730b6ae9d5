// The plain SHA256_CTX interface is the one whose running state can be saved and restored (EVP contexts cannot),
// so its deprecation is silenced here and nowhere else.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
