import Glibc

/// What a table means nothing without.
enum Machine {
  /// A list in Markdown.
  static func description(folder: String, sheaf: String) -> String {
    let version = (try? Program.output(of: sheaf, ["--version"]))?.split(separator: "\n").first
    return """
      - \(timeOfDay()), \(processor), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, \(memory), Linux \(kernel)
      - data on \(fileSystem(of: folder)), client and servers on this machine over loopback, load average before the start \
      \(loadAverage)
      - \(build) build of the load generator; sheaf \(version.map(String.init) ?? "of unknown version")
      """
  }

  private static var processor: String {
    let line = (textOfFile("/proc/cpuinfo") ?? "").split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":").last.map { $0.drop { $0 == " " } } ?? "unknown processor"
    let hashes = (textOfFile("/proc/cpuinfo") ?? "").contains(" sha_ni")
    return "\(name)\(hashes ? " (SHA-NI)" : "")"
  }

  private static var memory: String {
    let pages = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    return "\(decimal(pages / 1_073_741_824, digits: 0)) GiB"
  }

  private static var kernel: String {
    (textOfFile("/proc/sys/kernel/osrelease") ?? "").split(separator: "\n").first.map(String.init) ?? "?"
  }

  private static var loadAverage: String {
    (textOfFile("/proc/loadavg") ?? "").split(separator: " ").first.map(String.init) ?? "?"
  }

  /// The type that is mounted nearest above the folder.
  private static func fileSystem(of folder: String) -> String {
    guard let resolved = realpath(folder, nil) else { return "?" }
    defer { free(resolved) }
    let path = String(cString: resolved)
    var best = (length: 0, type: "?")
    for line in (textOfFile("/proc/self/mounts") ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 2 else { continue }
      let mount = words[1] == "/" ? "" : String(words[1])
      if path == mount || path.hasPrefix("\(mount)/"), mount.utf8.count >= best.length {
        best = (mount.utf8.count, String(words[2]))
      }
    }
    return best.type
  }

  private static var build: String {
    #if DEBUG
      "debug (its figures mean nothing)"
    #else
      "release"
    #endif
  }
}
