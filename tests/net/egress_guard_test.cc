#include "net/egress_guard.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace carapace::net {
namespace {

// nullopt: allowed.
std::optional<Errc> judge(std::string_view url, std::vector<std::string> listed = {}) {
  const auto result = guard_url(url, listed);
  return result ? std::nullopt : std::optional(result.error().code);
}

void expect_all(std::optional<Errc> expected, const std::vector<std::string>& urls) {
  for (const auto& url : urls) EXPECT_EQ(judge(url), expected) << url;
}

TEST(EgressGuard, NoUrl) {
  expect_all(Errc::invalid_request, {"",
                                     "http://",
                                     "https://",
                                     "/etc/passwd",
                                     "not a url",
                                     "//example.com/",
                                     "http:/example.com",
                                     "http:example.com",
                                     "http:///example.com/",
                                     "http://?x",
                                     "http://#x",
                                     "http://:80/",
                                     "http://user@/",
                                     " http://example.com/",
                                     "http://exa mple.com/",
                                     "http://example.com:0/",
                                     "http://example.com:65536/",
                                     "http://example.com:8a/",
                                     "http://example.com:-1/",
                                     "http://exam\nple.com/",
                                     "http://example.com/a\r\nHost: x",
                                     "http://a..b/",
                                     "http://example.com../",
                                     "http://./",
                                     "http://[::1",
                                     "http://[::g]/",
                                     "http://[1.2.3.4]/",
                                     "http://[8.8.8.8]:80/",
                                     "http://[2001:4860:4860::8888%25eth0]/",
                                     "http://[::ffff:8.8.8.8]x/",
                                     "http://256.1.1.1/",
                                     "http://1.2.3.4.5/",
                                     "http://08.1.1.1/",
                                     "http://4294967296/",
                                     "http://1..2/",
                                     "http://%/",
                                     "http://a%00b/",
                                     "http://a%2fb/",
                                     "http://%2531%2532/",
                                     "http://a<b/",
                                     "http://a|b/",
                                     "http://\xFF/",
                                     "http://exa%ZZmple.com/"});
}

TEST(EgressGuard, OtherSchemes) {
  expect_all(Errc::forbidden,
             {"file:///etc/passwd", "ftp://h/", "dict://localhost:2628/", "gopher://localhost/",
              "ldap://localhost/", "sftp://localhost/", "tftp://localhost/", "data:text/html,x",
              "javascript:alert(1)", "ws://example.com/", "FILE:///x", "blob:http://example.com/",
              "view-source:http://example.com/"});
}

TEST(EgressGuard, Names) {
  expect_all(Errc::forbidden, {"http://localhost/",
                               "http://LOCALHOST/",
                               "http://LocalHost/",
                               "http://localhost./",
                               "http://localhost:8080/",
                               "http://localhost.localdomain/",
                               "http://foo.localhost/",
                               "http://anything.localhost./",
                               "https://localhost",
                               "HTTP://LOCALHOST",
                               "http://localhost?x",
                               "http://%6c%6f%63%61%6c%68%6f%73%74/",
                               "http://l%6Fcalhost/",
                               "http://"
                               "\xEF\xBD\x8C\xEF\xBD\x8F\xEF\xBD\x83\xEF\xBD\x81\xEF\xBD\x8C\xEF"
                               "\xBD\x88\xEF\xBD\x8F\xEF\xBD\x93\xEF\xBD\x94/",
                               "http://local\xC2\xADhost/",
                               "http://foo\xE3\x80\x82localhost/",
                               "http://metadata.google.internal/computeMetadata/v1/",
                               "http://metadata/",
                               "http://metadata:80/x",
                               "http://instance-data/latest",
                               "http://database.internal/",
                               "http://redis.vpc.internal:6379/",
                               "http://internal/",
                               "http://printer.local/",
                               "http://PRINTER.LOCAL./"});
}

TEST(EgressGuard, LoopbackInEverySpelling) {
  expect_all(Errc::forbidden,
             {"http://127.0.0.1:3000/", "http://127.1/", "http://127.0.1/", "http://2130706433/",
              "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://0x7f000001/", "http://0X7F.1/",
              "http://017700000001/", "http://127.0.0.1./", "http://127.255.255.254/",
              "http://%31%32%37%2e%30%2e%30%2e%31/", "http://0/", "http://0x/", "http://0x0/",
              "http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1/",
              "http://127\xE3\x80\x82"
              "0\xEF\xBC\x8E"
              "0\xEF\xBD\xA1"
              "1/"});
}

TEST(EgressGuard, Ipv6) {
  expect_all(Errc::forbidden, {"http://[::1]/",
                               "http://[::]/",
                               "http://[0:0:0:0:0:0:0:1]:8080/",
                               "http://[fe80::1]/",
                               "http://[fe80::1%25eth0]/",
                               "http://[fe80::1%eth0]/",
                               "http://[febf::1]/",
                               "http://[fec0::1]/",
                               "http://[fc00::1]/",
                               "http://[fdff::1]/",
                               "http://[fd00:ec2::254]/",
                               "http://[ff02::1]/",
                               "http://[2001:db8::1]/",
                               "http://[::ffff:127.0.0.1]/",
                               "http://[::FFFF:7F00:1]/",
                               "http://[::ffff:10.0.0.1]/",
                               "http://[64:ff9b::7f00:1]/",
                               "http://[64:ff9b::10.0.0.1]/",
                               "http://[64:ff9b:1::7f00:1]/",
                               "http://[2002:7f00:1::]/",
                               "http://[2002:a00:1::1]/",
                               "http://[2001:0:4136:e378::]/",
                               "http://[::127.0.0.1]/",
                               "http://[::8.8.8.8]/",
                               "http://[100::1]/",
                               "http://[::ffff:0:127.0.0.1]/",
                               "http://[2600::5efe:127.0.0.1]/",
                               "http://[2600::200:5efe:10.0.0.1]/",
                               "http://[4000::1]/",
                               "http://[3fff::1]/"});
  expect_all(std::nullopt,
             {"http://[2001:4860:4860::8888]/", "http://[2001:4860:4860::8888]:8080/x",
              "http://[::ffff:8.8.8.8]/", "http://[64:ff9b::808:808]/", "http://[2002:808:808::1]/",
              "http://[2600::5efe:8.8.8.8]/"});
}

TEST(EgressGuard, PrivateRangesAndTheirEdges) {
  expect_all(Errc::forbidden, {"http://10.0.0.1/",
                               "http://10.255.255.255/",
                               "http://172.16.0.1/",
                               "http://172.31.255.255/",
                               "http://192.168.1.1/",
                               "http://100.64.0.1/",
                               "http://100.127.255.255/",
                               "http://169.254.169.254/latest/meta-data/",
                               "http://169.254.169.254/latest/user-data/",
                               "http://169.254.169.254/latest/api/token",
                               "http://169.254.169.254/latest/dynamic/instance-identity/document",
                               "http://0.0.0.0/",
                               "http://0.1.2.3/",
                               "http://192.0.0.1/",
                               "http://192.0.2.1/",
                               "http://198.51.100.1/",
                               "http://203.0.113.1/",
                               "http://198.18.0.1/",
                               "http://198.19.255.255/",
                               "http://192.88.99.1/",
                               "http://224.0.0.1/",
                               "http://239.255.255.255/",
                               "http://240.0.0.1/",
                               "http://255.255.255.255/"});
  expect_all(
      std::nullopt,
      {"http://172.15.0.1/", "http://172.32.0.1/", "http://100.63.255.255/", "http://100.128.0.1/",
       "http://11.0.0.1/", "http://9.255.255.255/", "http://126.255.255.255/", "http://128.0.0.1/",
       "http://169.253.255.255/", "http://169.255.0.0/", "http://192.0.1.1/", "http://192.0.3.0/",
       "http://192.167.255.255/", "http://192.169.0.0/", "http://198.17.255.255/",
       "http://198.20.0.0/", "http://223.255.255.255/", "http://1.0.0.0/"});
}

TEST(EgressGuard, TheHostDecidesNotWhatSurroundsIt) {
  expect_all(Errc::forbidden,
             {"http://user:pass@localhost/", "http://admin:admin@192.168.1.1/",
              "http://localhost/#fragment", "http://localhost/?url=http://external.com",
              "http://example.com@127.0.0.1/", "http://a@b@127.0.0.1/",
              "http://localhost#@example.com/", "http://127.0.0.1?@example.com/"});
  // Public host, but a credential in the URL is never sent; and no host that two readers read
  // differently.
  expect_all(
      Errc::invalid_request,
      {"http://user:pass@example.com/", "http://@example.com/", "http://127.0.0.1@example.com/",
       "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\@example.com/"});
}

TEST(EgressGuard, PublicOnes) {
  expect_all(
      std::nullopt,
      {"http://8.8.8.8/", "http://1.1.1.1", "https://example.com/", "https://api.github.com/",
       "https://example.com:8443/x", "http://134744072/", "http://localhost.example.com/",
       "http://internal.example.com/", "http://xlocalhost/", "http://my_host.example.com/",
       "http://example.com:/", "http://metadata.example.com/", "http://0x7f.example.com/"});
}

TEST(EgressGuard, NormalisedParts) {
  const auto url = guard_url("HTTPS://EXA%4dple.COM.:8443?q=a b\xC3\xA9#frag");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path_and_query, "/?q=a%20b%C3%A9");
  EXPECT_FALSE(url->host_is_address);
  EXPECT_EQ(url_text(*url), "https://example.com:8443/?q=a%20b%C3%A9");
  EXPECT_EQ(url_text(*guard_url("http://0x08080808:80/a/b?c=%20")), "http://8.8.8.8/a/b?c=%20");
  EXPECT_EQ(url_text(*guard_url("http://[2001:4860:4860:0::8888]:81")),
            "http://[2001:4860:4860::8888]:81/");
  EXPECT_TRUE(guard_url("http://134744072/")->host_is_address);
}

TEST(EgressGuard, InternationalNames) {  // pairs of RFC 3492 and of well known registrations
  EXPECT_EQ(guard_url("http://b\xC3\xBC"
                      "cher.example/")
                ->host,
            "xn--bcher-kva.example");
  EXPECT_EQ(guard_url("http://B\xC3\x9C"
                      "CHER.example/")
                ->host,
            "xn--bcher-kva.example");
  EXPECT_EQ(
      guard_url("http://\xE4\xBE\x8B\xE3\x81\x88\xE3\x80\x82\xE3\x83\x86\xE3\x82\xB9\xE3\x83\x88/")
          ->host,
      "xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(guard_url("http://\xD0\x9F\xD0\xA0\xD0\x98\xD0\x9C\xD0\x95\xD0\xA0/")->host,
            "xn--e1afmkfd");
  EXPECT_EQ(judge("http://" + std::string(64, 'a') + ".com/"), Errc::invalid_request);
}

TEST(EgressGuard, LengthLimit) {
  const std::string start = "https://example.com/";
  EXPECT_EQ(judge(start + std::string(2048 - start.size(), 'a')), std::nullopt);
  EXPECT_EQ(judge(start + std::string(2049 - start.size(), 'a')), Errc::invalid_request);
}

TEST(EgressGuard, ListedHosts) {
  EXPECT_EQ(judge("http://localhost:11434/", {"localhost"}), std::nullopt);
  EXPECT_EQ(judge("http://localhost:11434/", {"LOCALHOST:11434"}), std::nullopt);
  EXPECT_EQ(judge("http://localhost:22/", {"localhost:11434"}), Errc::forbidden);
  EXPECT_EQ(judge("http://127.1:81/", {"127.0.0.1"}), std::nullopt);
  EXPECT_EQ(judge("http://127.0.0.2/", {"127.0.0.1"}), Errc::forbidden);
  EXPECT_EQ(judge("http://[::1]:81/", {"[::1]:81"}), std::nullopt);
  EXPECT_EQ(judge("http://[::1]:82/", {"[::1]:81"}), Errc::forbidden);
  EXPECT_EQ(judge("http://[::1]:82/", {"::1"}), std::nullopt);
  EXPECT_EQ(judge("http://nas.local/", {"nas"}), Errc::forbidden);
  EXPECT_EQ(judge("http://localhost/", {"", "*", "/", "host/99", ":80"}), Errc::forbidden);
  EXPECT_EQ(judge("http://u@localhost/", {"localhost"}), Errc::invalid_request);
}

TEST(EgressGuard, ListedRange) {
  const std::vector<std::string> overlay{"100.64.0.0/10"};
  EXPECT_EQ(judge("http://100.100.50.25/", overlay), std::nullopt);
  for (const auto* url :
       {"http://192.168.1.1/", "http://10.0.0.1/", "http://127.0.0.1/", "http://localhost/"})
    EXPECT_EQ(judge(url, overlay), Errc::forbidden) << url;
}

TEST(EgressGuard, ResolvedAddresses) {
  for (const auto* address : {"8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1"})
    EXPECT_TRUE(is_public_address(address)) << address;
  for (const auto* address :
       {"127.0.0.1", "10.0.0.1", "::1", "fe80::1%eth0", "::ffff:192.168.0.1", "", "example.com",
        "1.2.3", "0x8.8.8.8", "8.8.8.8%eth0", "8.8.8.8 ", "[2606:4700::1111]"})
    EXPECT_FALSE(is_public_address(address)) << address;
}

TEST(EgressGuard, WhatANameMayConnectTo) {
  const auto name = *guard_url("http://example.com/");
  EXPECT_TRUE(may_connect(name, "8.8.8.8", {}));
  EXPECT_FALSE(may_connect(name, "10.0.0.1", {}));
  const std::vector<std::string> listed_name{"example.com"};
  const std::vector<std::string> listed_address{"10.0.0.1"};
  EXPECT_TRUE(may_connect(*guard_url("http://example.com/", listed_name), "10.0.0.1", listed_name));
  EXPECT_TRUE(may_connect(name, "10.0.0.1", listed_address));
  EXPECT_FALSE(may_connect(name, "10.0.0.2", listed_address));
  EXPECT_FALSE(
      may_connect(*guard_url("http://example.com/", listed_name), "no address", listed_name));
}

}  // namespace
}  // namespace carapace::net
