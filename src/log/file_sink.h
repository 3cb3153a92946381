// The log file: lines are appended with one write each; past a size the file becomes `file.1`, that
// one `file.2`, and so on. Inside log/ only; the caller holds the lock. A file that cannot be
// written loses lines and says so once, in the log itself, when it works again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carapace::log {

class FileSink {
 public:
  FileSink() = default;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink() { close(); }

  // Opens (0600, created with its folder when missing). The cause in words when it cannot; empty
  // when it could. An empty path closes.
  std::string open(const std::string& path, std::int64_t rotate_bytes, int keep_files);
  // False when the line was lost.
  bool write(std::string_view line);
  std::uint64_t lost() const { return lost_; }  // lines lost and not yet reported
  void forget_lost() { lost_ = 0; }
  void close();

 private:
  std::string open_file();
  void rotate();

  std::string path_;
  std::int64_t rotate_bytes_ = 0;
  int keep_files_ = 1;
  int file_ = -1;
  std::int64_t size_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace carapace::log
