/// What a caller may do; each level includes those below it.
package enum Authority: Int, Comparable, Sendable, CaseIterable {
    /// A stranger: may ask what the service is.
    case none
    /// Submits jobs, and sees and cancels its own.
    case member
    /// Everything: queues, budgets, policies, everybody's jobs.
    case admin

    package static func < (left: Authority, right: Authority) -> Bool { left.rawValue < right.rawValue }
}

/// Who may do what, from uid and groups alone.
package struct Authorization: Hashable, Sendable {
    /// The uid that londid runs as.
    package var ownUID: UInt32
    /// Members administer; nil: there is no such group.
    package var adminGroup: UInt32?
    /// Members submit; nil: there is no such group.
    package var memberGroup: UInt32?

    /// The system service.
    package init(ownUID: UInt32, adminGroup: UInt32?, memberGroup: UInt32?) {
        self.ownUID = ownUID
        self.adminGroup = adminGroup
        self.memberGroup = memberGroup
    }

    /// `londid --user`: the user who runs it, and root.
    package static func userMode(ownUID: UInt32) -> Authorization {
        Authorization(ownUID: ownUID, adminGroup: nil, memberGroup: nil)
    }

    /// What a peer with this uid and these groups (the primary one included) may do.
    package func authority(uid: UInt32, groups: Set<UInt32>) -> Authority {
        if uid == 0 || uid == ownUID { return .admin }
        if let adminGroup, groups.contains(adminGroup) { return .admin }
        if let memberGroup, groups.contains(memberGroup) { return .member }
        return .none
    }

    /// Whom a refusal sends the caller to.
    func explanation(of needed: Authority) -> String {
        switch needed {
        case .none: "nothing"
        case .member where memberGroup == nil: "the user who runs londid"
        case .admin where adminGroup == nil: "the user who runs londid, or root"
        case .member: "membership in the group that londid.conf names for clients (usually londi)"
        case .admin: "root, or membership in the group that londid.conf names for administrators (usually londi-admin)"
        }
    }
}
