// What every credential store must do, as one list of sentences that did not hold (empty: all
// well). Free of GoogleTest, so that the Windows store can be held to it where only its own file is
// built.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "secret/store/contract.h"

namespace carapace::test {

inline void hold_to_contract(secret::Store& store, std::vector<std::string>& broken) {
  using secret::Sealed;
  using secret::StoreFault;
  const std::string service = "carapace";
  const auto expect = [&broken](bool holds, std::string_view sentence) {
    if (!holds) broken.emplace_back(sentence);
  };
  const auto fault = [](const auto& answer) {
    return answer ? std::optional<StoreFault>() : secret::fault_of(answer.error());
  };
  const auto reads = [&](const std::string& account, std::string_view value) {
    const auto found = store.get(service, account);
    return found && found->reveal() == value;
  };

  expect(fault(store.get(service, "test:main:none")) == StoreFault::not_found,
         "what was never set is NotFound");
  expect(fault(store.remove(service, "test:main:none")) == StoreFault::not_found,
         "removing what was never set is NotFound");

  expect(store.set(service, "test:main:a", Sealed("first")).has_value(), "a value can be set");
  expect(reads("test:main:a", "first"), "a value is read as it was set");
  expect(store.set(service, "test:main:a", Sealed("second")).has_value(),
         "a value can be replaced");
  expect(reads("test:main:a", "second"), "the newest value counts");

  expect(store.set(service, "test:main:b", Sealed("other")).has_value(), "two can be kept");
  expect(store.set("elsewhere", "test:main:a", Sealed("foreign")).has_value(),
         "another service is another name space");
  expect(reads("test:main:a", "second") && reads("test:main:b", "other"), "they do not mix");

  const std::string longest = "test:main:" + std::string(secret::kMaxAccountBytes - 10, 'x');
  expect(store.set(service, longest, Sealed("long")).has_value() && reads(longest, "long"),
         "a name of 64 characters works");
  expect(fault(store.get(service, longest.substr(0, 63))) == StoreFault::not_found,
         "a shorter name is another one");

  std::string big(secret::kMaxValueBytes, '\0');
  for (std::size_t i = 0; i < big.size(); ++i)
    big[i] = static_cast<char>('!' + (i * 7 + i / 251) % 90);
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{2'559}, std::size_t{2'560}, std::size_t{2'561},
        std::size_t{5'121}, big.size(), std::size_t{3}}) {
    const auto value = big.substr(big.size() - size);
    expect(store.set(service, "test:main:big", Sealed(std::string(value))).has_value() &&
               reads("test:main:big", value),
           "a value of " + std::to_string(size) + " bytes is kept whole");
  }
  const std::string json = "{\"k\": \"ü\\n\\\"\"}\n\t";
  expect(store.set(service, "test:main:json", Sealed(std::string(json))).has_value() &&
             reads("test:main:json", json),
         "text is kept byte for byte");

  for (const auto& account : {std::string("test:main:a"), std::string("test:main:b"), longest,
                              std::string("test:main:big"), std::string("test:main:json")}) {
    expect(store.remove(service, account).has_value(), "what was set can be removed: " + account);
    expect(fault(store.get(service, account)) == StoreFault::not_found,
           "what was removed is NotFound: " + account);
  }
  expect(store.get("elsewhere", "test:main:a").has_value(), "removing leaves other services alone");
  expect(store.remove("elsewhere", "test:main:a").has_value(), "another service can be cleaned");
}

}  // namespace carapace::test
