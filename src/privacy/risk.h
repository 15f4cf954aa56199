#pragma once
//! How well people hide among each other: participants per combination of quasi-identifiers.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "privacy/generalise.h"
#include "vault/vault.h"

namespace sheaf::privacy {

//! What is looked at. The rows read hold participant, `quasi` and `sensitive`, as they would leave.
struct RiskColumns {
  std::vector<std::string> quasi;       //!< names of fields
  std::vector<std::string> sensitive;   //!< names of fields
  std::vector<std::string> attributes;  //!< of participants, of class quasi
  Generalisation generalisation;        //!< for the attributes; the fields come generalised
};

struct RiskReport {
  std::uint64_t records = 0;
  std::uint64_t participants = 0;
  std::uint64_t classes = 0;
  std::uint64_t k = 0;              //!< participants in the smallest class; 0: no records
  std::uint64_t small_cells = 0;    //!< classes of fewer participants than least_allowed
  std::uint64_t small_records = 0;  //!< records in them
  std::uint64_t least_allowed = 1;
  std::map<std::string, std::uint64_t> l;  //!< by sensitive field: its least number of different values in a class
};

//! Combinations that this many pairs of class and participant, or of class and sensitive value, do not exceed.
inline constexpr std::size_t kMostRiskPairs = std::size_t{1} << 22;

//! Counts rows by class; about 70 bytes a class and 16 a pair. One thread fills it; afterwards it is read from any.
class RiskTable {
 public:
  explicit RiskTable(RiskColumns columns);
  //! Reads the attributes of everybody.
  Status LoadAttributes(vault::StudyVault& study);
  //! `columns`: participant, then quasi, then sensitive, by their places in the batch. kRiskTooLarge.
  Status Add(const model::ColumnBatch& batch, std::size_t participant, const std::vector<std::size_t>& quasi,
             const std::vector<std::size_t>& sensitive);
  RiskReport Report(std::uint64_t least_allowed) const;

  //! The class of a row, for SmallClass. The scratch is the caller's.
  std::uint64_t ClassOf(const model::ColumnBatch& batch, std::size_t row, std::size_t participant, const std::vector<std::size_t>& quasi,
                        std::string& scratch) const;
  bool IsSmall(std::uint64_t row_class, std::uint64_t least_allowed) const;
  const RiskColumns& Columns() const { return columns_; }

 private:
  //! Hashes seen; open addressing.
  class NumberSet {
   public:
    bool Insert(std::uint64_t number);  //!< true: it is new
    std::size_t Size() const { return size_; }

   private:
    std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1024);
    std::size_t size_ = 0;
  };
  struct Class {
    std::uint64_t records = 0;
    std::uint64_t participants = 0;
    std::vector<std::uint32_t> values;  //!< different ones, by sensitive field
  };
  std::uint64_t Hash(std::string_view bytes) const;

  const RiskColumns columns_;
  std::array<unsigned char, 16> key_{};
  std::vector<std::uint64_t> attributes_;  // by participant's number
  std::unordered_map<std::uint64_t, Class> classes_;
  NumberSet people_, members_, values_;
};

//! {"dataset",…}: as the API's schema Risk. `suppressed`: whether small classes were left out.
std::string RiskJson(const std::string& dataset, const RiskReport& report, const RiskColumns& columns, bool suppressed);

//! Leaves out the rows of small classes. Batches hold participant and quasi at these places.
std::unique_ptr<vault::Cursor> WithoutSmallClasses(std::unique_ptr<vault::Cursor> cursor, std::shared_ptr<const RiskTable> table,
                                                   std::uint64_t least_allowed, std::size_t participant, std::vector<std::size_t> quasi);

}  // namespace sheaf::privacy
