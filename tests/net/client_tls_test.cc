// A peer with a certificate that nobody vouches for: the call must fail before a byte of the
// request.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>

#include "async/coro.h"
#include "net/client.h"
#include "support/loop_fixture.h"
#include "support/raw_server.h"

namespace carapace::net {
namespace {

template <auto F>
struct Free {
  template <typename T>
  void operator()(T* value) const {
    F(value);
  }
};
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;

Context self_signed() {
  Context context(SSL_CTX_new(TLS_server_method()));
  const std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, Free<X509_free>> certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  auto* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  SSL_CTX_use_certificate(context.get(), certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  return context;
}

Task<Result<Reply>> get(Client* client, std::string url) {
  Call call{.url = std::move(url)};
  BodySink sink;
  Stop stop;
  co_return co_await client->call(call, sink, stop);
}

TEST(ClientTls, UnknownCertificateIsRefusedWithItsReason) {
  const auto context = self_signed();
  bool request_seen = false;
  test::RawServer server([&](test::RawConnection& peer) {
    const std::unique_ptr<SSL, Free<SSL_free>> tls(SSL_new(context.get()));
    SSL_set_fd(tls.get(), peer.socket());
    char byte = 0;
    if (SSL_accept(tls.get()) == 1) request_seen = SSL_read(tls.get(), &byte, 1) == 1;
  });
  Loop loop;
  const auto client = make_client(loop);
  const auto result = test::run(
      loop, get(client.get(), "https://127.0.0.1:" + std::to_string(server.port()) + "/"));
  ASSERT_TRUE(server.wait_ended(1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unavailable);
  EXPECT_NE(result.error().detail.find("TLS failed"), std::string::npos);
  EXPECT_NE(result.error().detail.find("certificate"), std::string::npos) << result.error().detail;
  EXPECT_FALSE(request_seen);
}

}  // namespace
}  // namespace carapace::net
