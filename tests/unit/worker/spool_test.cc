#include "worker/spool.h"

#include <gtest/gtest.h>

#include "compiler/support/files.h"

namespace tenon {
namespace {

rpc::Result result(uint64_t task, uint32_t attempt = 1) {
  rpc::Result made;
  made.fence = {task, 3, attempt};
  made.outcome = rpc::Outcome::kCandidateCrash;
  made.detail = "signal 11";
  made.run.emplace();
  made.run->samples_ns = {5, 6, 7};
  return made;
}

TEST(Spool, keeps_results_over_a_restart) {
  const TempDir dir;
  std::vector<std::string> damaged;
  {
    Spool spool(dir.path() / "spool");
    spool.add(result(10));
    spool.add(result(2));
    spool.add(result(2, 2));
    spool.add(result(2));
    spool.remove({10, 3, 1});
    spool.remove({11, 3, 1});
  }
  Spool again(dir.path() / "spool");
  const std::vector<rpc::Result> loaded = again.load(&damaged);
  ASSERT_EQ(loaded.size(), 2u);
  EXPECT_TRUE(loaded[0] == result(2));
  EXPECT_TRUE(loaded[1] == result(2, 2));
  EXPECT_TRUE(damaged.empty());
}

TEST(Spool, damaged_file_is_set_aside_by_name_and_the_rest_is_read) {
  const TempDir dir;
  Spool spool(dir.path());
  spool.add(result(1));
  spool.add(result(2));
  const std::filesystem::path file = dir.path() / "1-3-1.result";
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_file_atomically(file, bytes);
  std::vector<std::string> damaged;
  const std::vector<rpc::Result> loaded = spool.load(&damaged);
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].fence.task, 2u);
  EXPECT_EQ(damaged, std::vector<std::string>{file.string()});
  EXPECT_TRUE(std::filesystem::exists(file.string() + ".damaged"));
  EXPECT_EQ(spool.load(&damaged).size(), 1u);
}

}  // namespace
}  // namespace tenon
