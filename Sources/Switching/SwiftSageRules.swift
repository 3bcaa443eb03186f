import Domain

/// SwiftSage's hand-written rules for when the slow model acts, as far as a reasoning job has what they speak of. They
/// learn nothing and have no parameter. In this order:
///
/// 1. after two steps of DEEPTHINK's in a row QUICK writes ("fast after 2 consecutive slow calls");
/// 2. DEEPTHINK writes the first step, which decides the approach ("slow before the first decisive action", the task's
///    first `focus on` in ScienceWorld);
/// 3. DEEPTHINK writes after two steps in a row that brought nothing new: no words, or those of an earlier step ("slow
///    after two failed or empty actions");
/// 4. else QUICK writes.
/// - Source: Lin et al., "SwiftSage: a generative agent with fast and slow thinking for complex interactive tasks",
///   2023, section 3.3; paper.md section 6.
func swiftSageRole(_ state: SwitcherState) -> Role {
    if state.deepthinkInARow >= 2 { return .quick }
    if state.stepIndex == 0 { return .deepthink }
    return state.emptySteps >= 2 ? .deepthink : .quick
}
