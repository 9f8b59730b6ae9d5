import Catalog
import Vocabulary

/// The command lines that pages offer to copy. Names in them are plain (letters, digits, `.`, `_`, `-`), so they need
/// no quotes.
enum PageCommands {
  /// Ways to get and to check a bundle.
  static func bundle(_ bundle: BundleRecord, _ address: String) -> [PageView] {
    let reference = "\(bundle.repo)@\(bundle.id)"
    let archive = PageLinks.archive(bundle.repo, bundle.id)
    return [
      [
        "purpose":
          "Download the files into a folder, or bring the folder to this version; every file is checked",
        "command": "sheaf pull \(reference) --to \(bundle.repo)-\(bundle.sequence) --server \(address)",
      ],
      [
        "purpose": "Download one archive",
        "command": "curl -fL -o \(bundle.repo)-\(bundle.sequence).tar \(address)\(archive)",
      ],
      [
        "purpose": "Check what the server stores; with --dir FOLDER a downloaded copy too",
        "command": "sheaf verify \(reference) --server \(address)",
      ],
    ]
  }

  /// Ways to get the newest bundle, to add one, and to see what happened.
  static func repo(_ repo: RepoName, _ address: String) -> [PageView] {
    [
      [
        "purpose": "Bring a folder to the newest bundle; only what differs is fetched",
        "command": "sheaf pull \(repo)@latest --to \(repo) --server \(address)",
      ],
      [
        "purpose": "Add a bundle",
        "command": "sheaf push FOLDER --repo \(repo) --message \"What changed\" --server \(address)",
      ],
      ["purpose": "Read its history", "command": "sheaf log \(repo) --server \(address)"],
    ]
  }

  /// Ways to upload without this page.
  static func upload(_ address: String) -> [PageView] {
    [
      [
        "purpose": "A folder, as one bundle; an interrupted push continues where it stopped",
        "command": "sheaf push FOLDER --repo REPO --message \"What it is\" --server \(address)",
      ],
      [
        "purpose": "One file with curl, as a bundle of its own in repo inbox",
        "command": "curl -fT FILE \(address)/files/",
      ],
    ]
  }
}
